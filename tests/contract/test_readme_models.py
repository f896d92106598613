"""The README's table of models says what the shipped versions themselves say."""

import re
from pathlib import Path

import pytest

from modiste.artifact import METADATA, REPORT, SUMMARY, Metadata, Summary
from modiste.report import CARD

ROOT = Path(__file__).parents[2]
_ROW = re.compile(
    r"^\| `(?P<name>\w+)`[^|]*\|[^|]+\| (?P<parameters>[\d,]+) \| (?P<accuracy>0\.\d{4}) "
    r"\| (?:(?P<mean>0\.\d{4}) ± (?P<deviation>0\.\d{4}))? ?\| `(?P<command>[^`]+)` \|$",
    re.MULTILINE,
)
ROWS = {row["name"]: row for row in _ROW.finditer((ROOT / "README.md").read_text(encoding="utf-8"))}


def test_the_table_names_every_shipped_model():
    assert set(ROWS) == {folder.name for folder in (ROOT / "artifacts").iterdir() if folder.is_dir()}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_the_table_is_what_the_version_says(name):
    row, version = ROWS[name], ROOT / "artifacts" / name / "1"
    card = (version / REPORT / CARD).read_text(encoding="utf-8")
    assert row["parameters"] == f"{Summary.read(version / SUMMARY).totals.parameters:,}"
    assert row["accuracy"] == f"{Metadata.read(version / METADATA).metrics['test_accuracy']:.4f}"
    assert f"```\n{row['command']}\n```" in card
    spread = re.search(r"mean test accuracy (0\.\d{4}), standard deviation (0\.\d{4})", card)
    assert (row["mean"], row["deviation"]) == (spread.groups() if spread else (None, None))
