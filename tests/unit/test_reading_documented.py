"""Every stable word is documented, and nothing is documented that is not a word."""

import re
from pathlib import Path

from modiste.prepare import Failure
from modiste.reading import Reason

DOCUMENT = Path(__file__).parents[2] / "docs" / "model-files.md"


def words(section: str) -> list[str]:
    text = DOCUMENT.read_text(encoding="utf-8").partition(f"## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([a-z0-9_]+)` \|", text, re.MULTILINE)


def test_every_reason_is_documented_in_the_order_of_reading() -> None:
    assert words("Why a file is refused") == [str(reason) for reason in Reason]


def test_every_failure_is_documented() -> None:
    assert words("Why an attempt fails") == [str(failure) for failure in Failure]
