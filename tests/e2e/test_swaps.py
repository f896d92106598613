"""Versions that come, go, and are promoted and rolled back while two workers are under full load."""

import pytest

from bench.swaps import run


@pytest.mark.long
def test_thirty_swaps_under_load_cause_no_failed_and_no_wrong_answer():
    """Each answer is checked: its numbers are those of the version it names, and that one was in force."""
    result = run(30, connections=4)
    assert result.wrong == []
    assert result.late["/models/fashion_mnist/labels/stable"] == [], "all workers agreed before PUT answered"
    assert {swap.kind for swap in result.swaps} == {
        "published",
        "promoted by the label",
        "rolled back by the label",
        "withdrawn",
    }
    assert len(result.swaps) == 30 and result.broken == 5
    assert result.answers > 30 * 10, "there was load all the time"
    assert len({swap.version for swap in result.swaps}) == 11
