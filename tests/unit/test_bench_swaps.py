"""How the swaps under load are judged: which version was in force when an answer was asked for."""

import pytest

from bench.swaps import Swap, late_by

SWAPS = [
    Swap("first", "/predict", 1, 0.0, 0.0),
    Swap("published", "/predict", 2, 10.0, 11.0),
    Swap("withdrawn", "/predict", 1, 20.0, 21.0),
]


@pytest.mark.parametrize(
    ("sent", "answered", "version", "late"),
    [
        pytest.param(5, 6, 1, 0.0, id="before a swap"),
        pytest.param(5, 6, 2, None, id="a version before it was there"),
        pytest.param(9, 10.5, 2, 0.0, id="answered while the swap went on, by the new one"),
        pytest.param(10.5, 12, 1, 0.0, id="asked while the swap went on, answered by the old one"),
        pytest.param(12, 13, 1, 1.0, id="asked after the swap, answered by the old one"),
        pytest.param(12, 13, 2, 0.0, id="after the swap"),
        pytest.param(22, 23, 1, 0.0, id="after it was taken back"),
        pytest.param(23, 24, 2, 2.0, id="by what was taken back"),
        pytest.param(22, 23, 3, None, id="a version that never was"),
    ],
)
def test_an_answer_is_judged_by_the_swaps_of_its_path(sent, answered, version, late):
    assert late_by(SWAPS, sent, answered, version) == late
