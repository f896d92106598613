"""The code that the page offers works when it is pasted."""

import json
import subprocess
import sys

import pytest

from tests.browser.conftest import answered

PROTOCOLS = {"Own": "native", "TF Serving": "v1", "Open Inference": "v2"}
BEST = {
    "native": lambda answer: answer["predictions"][0]["class"],
    "v1": lambda answer: best(answer["predictions"][0]),
    "v2": lambda answer: best(answer["outputs"][0]["data"]),
}
SAMPLE, CLASS = 1, 2  # a pullover


def best(numbers: list[float]) -> int:
    return max(range(len(numbers)), key=numbers.__getitem__)


@pytest.fixture
def page(shipped, visit):
    opened = visit(shipped)
    answered(opened)
    opened.locator(".strip button").nth(SAMPLE).click()
    answered(opened, "Pullover")
    return opened


def code(page, protocol: str, tool: str) -> str:
    page.get_by_role("radio", name=protocol, exact=True).check()
    page.get_by_role("radio", name=tool, exact=True).check()
    return page.locator(".code").inner_text()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_calls_can_be_pasted(page, protocol):
    reads = BEST[PROTOCOLS[protocol]]
    printed = run("bash", "-c", code(page, protocol, "curl"))
    assert reads(json.loads(printed)) == CLASS
    printed = run(sys.executable, "-c", code(page, protocol, "Python"))
    assert reads(eval(printed, {"__builtins__": {}}, {"None": None, "True": True, "False": False})) == CLASS
    script = code(page, protocol, "JavaScript").replace(
        "console.log(await answer.json())", "return await answer.json()"
    )
    assert reads(page.evaluate(f"async () => {{ {script} }}")) == CLASS


def run(*command: str) -> str:
    # The address is this machine's: a proxy of the environment is not for it.
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={"PATH": "/usr/bin:/bin", "NO_PROXY": "*"}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_call_is_copied_by_a_button(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown = code(page, "Own", "curl")
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == shown


def test_a_key_is_never_written_into_code(page):
    page.get_by_role("button", name="Key", exact=True).click()
    page.get_by_label("Key", exact=True).last.fill("secret-of-mine")
    page.get_by_role("button", name="Use it").click()
    for tool, needle in (
        ("curl", "$MODISTE_KEY"),
        ("Python", "os.environ['MODISTE_KEY']"),
        ("JavaScript", "process.env.MODISTE_KEY"),
    ):
        shown = code(page, "Own", tool)
        assert needle in shown and "secret" not in shown
