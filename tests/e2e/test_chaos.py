"""A short run of ``make chaos``."""

import pytest

from bench.chaos.__main__ import run


@pytest.mark.long
def test_in_chaos_every_answer_is_right_or_has_its_cause():
    tally = run(seconds=15, callers=8, seed=20)
    assert tally.wrong == []
    assert tally.checked > 100
    made = {"workers killed", "workers hung", "versions published", "bad versions published", "crowds"}
    assert made <= tally.events.keys()
