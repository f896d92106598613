"""The benchmark's own arithmetic and reading; that it runs is seen by its smoke target."""

import pytest

from bench import report, wrk
from bench.goals import Goal
from bench.http import Answer
from bench.limit import Part, Parts
from bench.workloads import workloads

OUTPUT = """Running 60m test @ http://127.0.0.1:1234
  1 threads and 16 connections

OUTCOME {"requests": 1010, "duration_us": 500000, "p50_us": 1500, "p99_us": 4000, "p999_us": 5000, "max_us": 6000, \
"status": 10, "connect": 1, "read": 2, "write": 3, "timeout": 4}
"""


def test_only_good_answers_count_and_every_other_outcome_is_an_error():
    outcome = wrk.parsed(OUTPUT)
    assert (outcome.requests, outcome.requests_per_second) == (1000, 2000)
    assert (outcome.p50_ms, outcome.p99_ms, outcome.p999_ms, outcome.max_ms) == (1.5, 4, 5, 6)
    assert (outcome.bad_status, outcome.socket_errors, outcome.errors) == (10, 10, 20)


def test_a_run_without_an_outcome_says_what_wrk_said():
    with pytest.raises(ValueError, match="unable to connect"):
        wrk.parsed("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_the_limit_adds_the_parts_of_a_request_to_the_ceilings_time():
    parts = Parts({"B": Part(0.002, "")}, {"B": Part(0.001, "")}, {64: 0.5, 256: 0.016})
    # 64 of the 256 rows of a batch: a quarter of its forward pass.
    assert parts.per_second(workloads()["B"], 8, 1000) == pytest.approx(1 / (0.001 + 0.002 + 0.001 + 0.004))
    assert parts.images_per_second == 16000


@pytest.mark.parametrize(
    ("goal", "verdict"),
    [
        (Goal("share", 0.5, 0.5, ""), "met"),
        (Goal("share", 0.5, 0.49, ""), "missed"),
        (Goal("cold start", 2.0, 2.1, " s", at_least=False), "missed"),
        (Goal("cold start", 2.0, 1.9, " s", at_least=False), "met"),
    ],
    ids=["reached", "below", "above", "under"],
)
def test_goals_are_met_or_missed(goal, verdict):
    assert goal.as_text()[-1] == verdict


def test_an_answer_to_other_images_is_not_good():
    one = workloads()["A"]
    assert one.good(Answer(200, {}, b'{"predictions":[{"class":9}]}'))
    assert not one.good(Answer(200, {}, b'{"predictions":[{"class":3}]}'))
    assert not one.good(Answer(200, {}, b'{"predictions":[]}'))
    assert not one.good(Answer(503, {}, b'{"predictions":[{"class":9}]}'))


def test_figures_replace_what_is_between_their_marks():
    text = "a\n<!-- soak -->\nold\n<!-- /soak -->\nb"
    figures = report.figures_table({"figures": {"requests": 1000000, "flat": True, "memory MiB": 84.25}})
    written = report.replaced(text, "soak", figures)
    assert (
        "old" not in written and "| requests | 1,000,000 |" in written and "| memory MiB | 84.2 |" in written
    )
    assert report.replaced(written, "soak", figures) == written
    with pytest.raises(ValueError, match="once each"):
        report.replaced("no marks", "soak", figures)
