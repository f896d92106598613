"""What an operator does: makes keys and moves labels, by the commands that a person types."""

from pathlib import Path

from typer.testing import CliRunner

from modiste.__main__ import app


def command(*words: str) -> str:
    """Run a command of `modiste`; return what it prints."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return result.stdout


def make_key(file: Path, name: str, *scopes: str) -> dict[str, str]:
    """Make a key; return the headers that carry it."""
    options = [word for scope in scopes for word in ("--scope", scope)]
    return {"authorization": f"Bearer {command('key', 'new', name, *options, '--file', str(file)).strip()}"}
