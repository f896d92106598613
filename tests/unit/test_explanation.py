"""Occlusion: where the patches lie, what they hide, and what that is worth."""

import numpy as np
import pytest

from service.errors import InvalidInput, TooLarge
from service.explanation import Fill, importance, occluded, plan
from service.signature import Input

PLENTY = 10**9


def tensor(*shape: int | None) -> Input:
    return Input("pixels", shape, np.dtype(np.float32), (0.0, 255.0))


@pytest.mark.parametrize(
    ("shape", "patch", "stride", "patches"),
    [
        ((28, 28), 4, 2, 13 * 13),
        ((28, 28, 1), 4, 2, 13 * 13),
        ((32, 32, 3), 5, 2, 15 * 15),
        ((224, 224, 3), 32, 16, 13 * 13),
        ((2, 3), 1, 1, 6),
    ],
)
def test_patches_suit_the_picture_unless_told(shape, patch, stride, patches):
    where = plan(tensor(*shape), None, None, PLENTY, PLENTY)
    assert (where.patch, where.stride, where.count) == (patch, stride, patches)


@pytest.mark.parametrize(
    ("side", "patch", "stride"), [(28, 4, 3), (28, 5, 5), (7, 7, 7), (11, 3, 2), (9, 1, 1)]
)
def test_every_pixel_is_hidden_and_no_patch_leaves_the_picture(side, patch, stride):
    where = plan(tensor(side, side + 3), patch, stride, PLENTY, PLENTY)
    hidden = np.zeros((side, side + 3), int)
    for rows, columns in where.places:
        assert hidden[rows, columns].shape == (patch, patch)
        hidden[rows, columns] += 1
    assert hidden.min() >= 1


def test_a_copy_differs_from_the_picture_under_its_patch_alone():
    picture = np.random.default_rng(0).integers(1, 256, (9, 11, 3), np.uint8)
    where = plan(tensor(9, 11, 3), 3, 2, PLENTY, PLENTY)
    copies = occluded(picture, where, Fill.MEAN)
    assert copies.dtype == np.uint8 and np.array_equal(copies[0], picture)
    colour = np.rint(picture.mean(axis=(0, 1)))
    for copy, (rows, columns) in zip(copies[1:], where.places, strict=True):
        outside = np.ones((9, 11), bool)
        outside[rows, columns] = False
        assert np.array_equal(copy[outside], picture[outside])
        assert (copy[rows, columns] == colour).all()


def test_the_ground_is_what_most_of_the_edge_is():
    picture = np.zeros((8, 8), np.float32)
    picture[2:6, 2:] = 200  # it touches one side
    where = plan(tensor(8, 8), 4, 4, PLENTY, PLENTY)
    assert (occluded(picture, where, Fill.GROUND)[1:].max(axis=(1, 2)) == 200).all()
    assert (occluded(picture, where, Fill.GROUND)[1][:4, :4] == 0).all()
    assert (occluded(picture, where, Fill.MEAN)[1][:4, :4] == picture.mean()).all()


def test_a_pixel_has_the_mean_of_the_patches_that_hid_it():
    where = plan(tensor(3, 3), 2, 1, PLENTY, PLENTY)
    found = importance(where, np.array([1.0, 2.0, 4.0, 8.0]))
    assert found.tolist() == [[1, 1.5, 2], [2.5, 3.75, 5], [4, 6, 8]]


@pytest.mark.parametrize("shape", [(784,), (28, 28, 7), (None, 28), (1, 28), (2, 3, 4, 3)], ids=str)
def test_what_is_no_picture_is_refused(shape):
    with pytest.raises(InvalidInput, match="one picture"):
        plan(tensor(*shape), None, None, PLENTY, PLENTY)


@pytest.mark.parametrize(("patch", "stride"), [(29, None), (4, 5)])
def test_patches_that_do_not_cover_the_picture_are_refused(patch, stride):
    with pytest.raises(InvalidInput, match="may be 1 to"):
        plan(tensor(28, 40), patch, stride, PLENTY, PLENTY)


def test_too_many_copies_are_refused_by_number_and_by_size():
    plan(tensor(28, 28), None, None, 170, 170 * 784 * 4)
    for rows, size in ((169, PLENTY), (PLENTY, 170 * 784 * 4 - 1)):
        with pytest.raises(TooLarge, match="larger stride"):
            plan(tensor(28, 28), None, None, rows, size)
