"""The examples of docs/data.md, pasted into a shell as a reader would."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "data.md"
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"(?:^(?: {4}.*)?\n)+", DOCUMENT.read_text(), re.M)]


def paste(blocks: list[str], folder: Path) -> str:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    script = "set -eu\n" + "".join(blocks)
    result = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_examples_of_own_data_run_as_they_are_written(tmp_path):
    examples = [block for block in BLOCKS if block.strip().startswith("python -")]
    assert len(examples) == 2
    output = paste(examples, tmp_path)
    assert "bars, found in the given path" in output and "(479, 28, 28)" in output
    assert "(80, 48, 64, 3)" in output and "(70, 28, 28)" in output
    assert "Drawn: bars-first-ten.png" in output
    drawn = {"bars-first-ten.png", "shapes-first-ten.png", "small.png"}
    assert {path.name for path in tmp_path.iterdir()} == {"bars.npz", "shapes"} | drawn
