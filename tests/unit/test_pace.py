"""How long batches take: from the warm-up, and corrected by what is seen."""

import pytest

from service.batching.pace import Pace

LINEAR = {size: size * 0.01 for size in (1, 2, 4, 8, 16)}
"""No batch gains anything."""
FLAT = {size: 0.1 for size in (1, 2, 4, 8, 16)}
"""A batch costs what one row does."""


def test_a_batch_is_no_larger_than_it_gains_by_unless_it_is_short():
    assert Pace(LINEAR).batch_rows == 2  # 20 ms
    assert Pace({size: size * 0.1 for size in (1, 2, 4)}).batch_rows == 1
    assert Pace(FLAT).batch_rows == 16
    assert Pace({size: size * 1e-5 for size in (1, 16, 256)}).batch_rows == 256
    assert Pace({1: 0.1, 2: 0.11, 4: 0.2, 8: 0.4}).batch_rows == 2  # one of four would gain nothing


def test_rows_take_as_long_as_the_batches_into_which_they_are_cut():
    pace = Pace({1: 0.1, 4: 0.16, 8: 0.2})
    assert pace.batch_rows == 8
    assert pace.seconds(0) == 0
    assert pace.seconds(1) == pytest.approx(0.1)
    assert pace.seconds(2) == pytest.approx(0.12)
    assert pace.seconds(8) == pytest.approx(0.2)
    assert pace.seconds(17) == pytest.approx(0.5)


def test_rows_within_a_time_take_no_longer():
    pace = Pace({1: 0.1, 4: 0.16, 8: 0.2})
    assert [pace.rows_within(seconds) for seconds in (0.05, 0.1, 0.17, 0.2, 0.45, 1.0)] == [
        0,
        1,
        4,
        8,
        16,
        40,
    ]
    for seconds in (0.1, 0.3, 0.77, 2.0):
        assert pace.seconds(pace.rows_within(seconds)) <= seconds


def test_it_follows_a_machine_that_becomes_slower_and_fast_again():
    pace = Pace(FLAT)
    for _ in range(100):
        pace.observe(16, 0.3)
    assert pace.seconds(16) == pytest.approx(0.3, rel=0.01)
    for _ in range(100):
        pace.observe(1, 0.1)
    assert pace.seconds(16) == pytest.approx(0.1, rel=0.01)


def test_one_batch_that_took_for_ever_changes_little():
    pace = Pace(FLAT)
    pace.observe(16, 3600.0)
    assert pace.seconds(16) < 0.14
