"""What became of the references: a word for each, and a few lines for the terminal."""

from collections.abc import Sequence

from training.course.outcome import Claim, Comparison, Done


def verdict(check: Comparison | Claim) -> str:
    """Return whether a figure reproduces its reference, or a claim holds; empty where nothing is asked."""
    if isinstance(check, Claim):
        return "holds" if check.holds else "does not hold"
    reproduced, runs = check.reproduced_by, len(check.found)
    if reproduced is None:
        return ""
    if not reproduced:
        return "falls short"
    return "reproduced" if reproduced == runs else f"reproduced by {reproduced} of {runs}"


def is_failed(check: Comparison | Claim) -> bool:
    """Say whether a claim does not hold, or no run reproduces the reference."""
    return not check.holds if isinstance(check, Claim) else check.reproduced_by == 0


def summary(done: Sequence[Done], *, judged: bool) -> list[str]:
    """Return how many references were reproduced, and a line for each that was not, or not by every run.

    Args:
        done: what was run.
        judged: whether the budget was one whose figures mean something; else it is told what was not run.
    """
    checks = [(one.number, check) for one in done for check in one.outcome.checks if verdict(check)]
    lines = []
    if judged:
        whole = sum(verdict(check) in ("reproduced", "holds") for _, check in checks)
        lines.append(f"{whole} of {len(checks)} references reproduced by every run")
        lines += [
            f"  experiment {number}: {_what(check)}: {verdict(check)}"
            for number, check in checks
            if verdict(check) not in ("reproduced", "holds")
        ]
    else:
        lines.append("A small budget: its figures show that everything works, and measure nothing.")
    lines += [f"  experiment {one.number}: not run" for one in done if one.outcome.not_run]
    return lines


def _what(check: Comparison | Claim) -> str:
    return check.reference if isinstance(check, Claim) else check.what
