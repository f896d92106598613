"""What the documents list is what the code has."""

import inspect
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modiste.__main__ import app
from service import errors
from service.http_errors import INTERNAL_CODE, STATUS
from service.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]


def tree(root: type) -> set[type]:
    return {root}.union(*(tree(child) for child in root.__subclasses__()))


def test_every_error_has_a_code_a_status_and_a_place_in_the_documents():
    ours = tree(errors.ServingError) - {errors.ServingError}
    assert ours == set(STATUS)
    assert {error.__name__ for error in ours} == set(re.findall(r"[├└]── (\w+)", errors.__doc__ or ""))
    text = (ROOT / "docs" / "errors.md").read_text()
    listed = set(re.findall(r"^\| `(\w+)` \| (\d+) \|", text, re.M))
    assert {(error.code, str(STATUS[error])) for error in ours} | {(INTERNAL_CODE, "500")} <= listed


def test_every_setting_is_documented_with_its_default():
    text = (ROOT / "docs" / "settings.md").read_text()
    listed = dict(re.findall(r"^\| `(\w+)` \| `?([^|`]*)`? \|", text, re.M))
    assert set(listed) == {PREFIX + name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if field.default_factory is None:
            default = "" if field.default in (None, "") else str(field.default)
            assert listed[PREFIX + name.upper()].strip() == default, name
        assert field.description, name


def test_every_limit_names_a_setting_that_there_is_with_its_default_and_a_test_that_there_is():
    text = (ROOT / "docs" / "limits.md").read_text()
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \| `(tests/.+?)` \|$", text, re.M)
    named = set()
    for what, default, setting, _, test in rows:
        assert (ROOT / test).is_file(), what
        for name in re.findall(rf"{PREFIX}(\w+)", setting):
            named.add(name.lower())
            assert default == str(Settings.model_fields[name.lower()].default), what
    limits = {
        name for name in Settings.model_fields if name.startswith("max_") or name.endswith("_timeout_ms")
    }
    # Of a batch, of a worker, of a model file: not of what a client sends.
    others = {"max_batch_rows", "hang_timeout_ms", *(name for name in limits if name.startswith("max_model_"))}
    assert limits - others == named


def test_the_compose_file_hands_keys_on_as_the_documents_say():
    text = (ROOT / "docker-compose.yml").read_text()
    for name in re.findall(rf"{PREFIX}(\w+):", text):
        assert name.lower() in Settings.model_fields
    assert text.count("MODISTE_KEYS_FILE: ${API_KEYS:+/keys/${API_KEYS}}") == 2
    assert "./keys:/keys:ro" in text
    assert "API_KEYS=keys.json" in (ROOT / "docs" / "operating.md").read_text()
    assert "keys" in (ROOT / ".gitignore").read_text() and "keys" in (ROOT / ".dockerignore").read_text()


@pytest.mark.parametrize(
    "command", ["serve", "train", "sweep", "course", "data", "inspect", "prepare", "label", "versions", "key"]
)
def test_every_command_has_help_and_is_shown_in_the_readme(command):
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0 and "Usage" in result.output
    assert re.search(rf"modiste {command}\b", (ROOT / "README.md").read_text())


@pytest.mark.parametrize("command", app.registered_commands, ids=lambda command: command.callback.__name__)
def test_help_flows_to_the_width_of_the_terminal(command):
    result = CliRunner().invoke(app, [command.callback.__name__, "--help"], env={"COLUMNS": "400"})
    for paragraph in inspect.getdoc(command.callback).split("\n\n"):
        assert paragraph.replace("\n", " ") in result.output


def test_links_between_documents_lead_somewhere():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert len(documents) > 5
    for document in documents:
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
            if "://" not in link:
                assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_locked_dependencies_have_hashes_and_name_no_index():
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "://" not in text
        pinned = re.findall(r"^[a-z0-9._\[\]-]+==", text, re.M | re.I)
        assert len(pinned) > 20 and text.count("--hash=sha256:") >= len(pinned)
