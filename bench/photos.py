"""Photographs made of test pictures: a garment on a light ground, under uneven light, noisy, off centre."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

WIDTH, HEIGHT = 800, 600


def photo(pixels: NDArray[np.uint8], seed: int, *, mirrored: bool = False, shadow: bool = False) -> bytes:
    """Return a JPEG of a picture as it is in Fashion-MNIST: uint8 [28, 28], light on black.

    The data's own steps are undone: negated, enlarged, laid on a ground. Everything that is drawn by chance
    follows from the seed.
    """
    chance = np.random.default_rng(seed)
    size = int(chance.integers(220, 480))
    left = int(chance.integers(10, WIDTH - size - 10))
    top = int(chance.integers(10, HEIGHT - size - 10))
    large = np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC), np.float32)
    shown = np.ones((HEIGHT, WIDTH), np.float32)
    shown[top : top + size, left : left + size] = 1 - large / 255
    light = _light(chance) * (1 - _shadow(shown < 0.92, chance)) if shadow else _light(chance)
    coloured = shown[:, :, None] * _ground(chance) * light[:, :, None]
    noise = chance.standard_normal(coloured.shape, np.float32) * np.float32(chance.uniform(2, 6))
    noisy = coloured + noise
    bytes_ = noisy.clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(bytes_[:, ::-1] if mirrored else bytes_).save(file, "JPEG", quality=85)
    return file.getvalue()


def _ground(chance: np.random.Generator) -> NDArray[np.float32]:
    """A light colour: [3]."""
    return (chance.uniform(205, 250) + chance.uniform(-14, 6, 3)).clip(0, 255).astype(np.float32)


def _light(chance: np.random.Generator) -> NDArray[np.float32]:
    """Light that falls off to one side and to the corners, by up to four tenths: [height, width]."""
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    angle = chance.uniform(0, 2 * np.pi)
    slope = chance.uniform(0, 0.12) * (x * np.cos(angle) + y * np.sin(angle))
    fall = chance.uniform(0, 0.1) * (x**2 + y**2)
    light: NDArray[np.float32] = (1 - np.abs(slope).max() + slope - fall).astype(np.float32)
    return light


def _shadow(object_: NDArray[np.bool_], chance: np.random.Generator) -> NDArray[np.float32]:
    """How much a soft shadow takes away, by a tenth to three tenths at its darkest: [height, width]."""
    moved = np.roll(object_, (int(chance.integers(4, 14)), int(chance.integers(-14, 14))), (0, 1))
    blur = ImageFilter.GaussianBlur(float(chance.uniform(5, 16)))
    soft = np.asarray(Image.fromarray(moved.astype(np.uint8) * 255).filter(blur), np.float32) / 255
    return (soft * chance.uniform(0.1, 0.3)).astype(np.float32)
