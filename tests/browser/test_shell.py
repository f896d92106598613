"""The page around its parts: tabs, keyboard, languages, themes, narrow screens, keys, a server that goes and comes."""

import re
import subprocess
import sys

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import answered
from tests.e2e.conftest import ROOT
from tests.models import write_version


@pytest.fixture
def small(tmp_path):
    """A folder with one small model, which is there in a moment."""
    write_version(tmp_path / "artifacts" / "fashion_mnist" / "1")
    return tmp_path / "artifacts"


def test_tabs_are_walked_by_arrows_and_the_address_keeps_the_place(shipped, visit):
    page = visit(shipped)
    answered(page)
    page.get_by_role("tab", name="Try").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/#understand")
    selected = page.locator("[role=tab][aria-selected=true]")
    assert selected.inner_text() == "Understand"
    assert selected.evaluate("(one) => one === document.activeElement")
    page.keyboard.press("End")
    page.wait_for_url("**/#operate")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/#try")
    answered(page)
    assert page.locator("[role=tab][tabindex='0']").count() == 1


def test_everything_can_be_reached_by_the_tab_key_and_is_seen_to_be(shipped, visit):
    page = visit(shipped)
    answered(page)
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => {
              const one = document.activeElement;
              const style = getComputedStyle(one.matches('.segments input') ? one.nextElementSibling : one);
              if (one === document.body) return null;
              return [one.id || one.textContent.trim().slice(0, 20) || one.tagName, style.outlineStyle, parseFloat(style.outlineWidth)];
            }"""
        )
        if seen is None:  # past the last
            break
        reached.append(seen[0])
        assert seen[1] != "none" and seen[2] >= 1.5, seen
    for expected in ("model", "docs", "key", "language", "theme", "tab-try", "Draw", "Copy"):
        assert expected in reached


@pytest.mark.parametrize("width", [360, 768, 1920])
def test_no_width_needs_to_be_scrolled_sideways(shipped, visit, width):
    page = visit(shipped, width=width)
    answered(page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("width", [360, 1280])
def test_a_part_looks_the_same_after_another_was_visited(shipped, visit, width):
    page = visit(shipped, width=width, reduced_motion="reduce")
    answered(page)
    before = layout(page)
    page.get_by_role("tab", name="Understand").click()
    page.locator(".at-why .samples .shot").first.wait_for()
    page.get_by_role("tab", name="Try").click()
    answered(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert layout(page) == before


def layout(page) -> list[float]:
    """Where the samples, their heading and the cards lie: left, top and width of each."""
    return page.locator(".samples h2, .strip, .columns > .card, .stage > *").evaluate_all(
        "(all) => all.flatMap((one) => [one.offsetLeft, one.offsetTop, one.offsetWidth])"
    )


@pytest.mark.parametrize(
    ("address", "said", "corrected"),
    [
        ("#try/junk/1", "junk version 1 is not here.", "#try/fashion_mnist/1"),
        (
            "#understand/fashion_mnist/7",
            "fashion_mnist version 7 is not here.",
            "#understand/fashion_mnist/1",
        ),
        ("#try/fashion_mnist/one", "fashion_mnist version one is not here.", "#try/fashion_mnist/1"),
        ("#junk/fashion_conv/1", "junk is not here.", "#try/fashion_conv/1"),
    ],
    ids=["model", "version", "no number", "part"],
)
def test_an_address_of_what_is_not_there_is_told_and_corrected(shipped, visit, address, said, corrected):
    page = visit(shipped, address)
    page.locator("#banner.bad").get_by_text(said, exact=True).wait_for()
    page.wait_for_function("(hash) => location.hash === hash", arg=corrected)
    page.get_by_role("tab", name="Evaluate").click()
    page.wait_for_function("() => !document.querySelector('#banner').textContent")


def test_an_address_of_a_version_that_failed_says_why(serve, visit, small):
    (write_version(small / "broken" / "1") / "model.onnx").write_bytes(b"none")
    server = serve(small)
    server.until(lambda: server.versions("broken")[1]["state"] == "failed")
    page = visit(server, "#try/broken/1", lang="ko-KR", width=360)
    reason = server.versions("broken")[1]["reason"]
    page.locator("#banner.bad").get_by_text(f"broken 버전 1: 준비되지 않았습니다(실패). {reason}").wait_for()
    assert page.url.endswith("#try/fashion_mnist/1")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_language_is_the_browsers_and_can_be_changed(shipped, visit):
    page = visit(shipped, lang="ko-KR")
    answered(page)
    assert page.locator("html").get_attribute("lang") == "ko"
    assert page.get_by_role("tab").all_inner_texts() == ["써 보기", "들여다보기", "평가", "운영"]
    assert "ONNX Runtime으로 계산" in page.locator("#facts").inner_text()
    page.get_by_role("button", name="English").click()
    page.get_by_role("tab", name="Try").wait_for()
    page.get_by_text("Its answer").wait_for()
    page.reload()
    page.get_by_text("Its answer").wait_for()


def test_the_theme_is_the_systems_and_can_be_changed(shipped, visit):
    def ground(page) -> int:
        found = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", found)[:3]))

    page = visit(shipped, theme="dark")
    answered(page)
    assert ground(page) < 150
    page.get_by_role("button", name="Theme: Auto").click()
    assert ground(page) > 600
    page.reload()
    answered(page)
    assert ground(page) > 600


@pytest.mark.parametrize(
    ("lang", "theme"), [("en-US", "light"), pytest.param("ko-KR", "dark", marks=pytest.mark.long)]
)
def test_axe_finds_nothing_to_mend(shipped, visit, lang, theme):
    page = visit(shipped, lang=lang, theme=theme, reduced_motion="reduce")
    answered(page)
    assert violations(page) == []
    page.locator(".way, .ground").first.wait_for()
    page.locator(".stage button:visible").first.click()  # the drawing
    page.locator(".sketch canvas").wait_for()
    assert violations(page) == []
    page.locator("#key").click()
    assert violations(page) == []


def violations(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found]


def test_without_its_key_the_page_shows_the_apis_words_and_with_it_an_answer(serve, visit, small, tmp_path):
    file = tmp_path / "keys.json"
    command = ["modiste", "key", "new", "reader", "--scope", "predict", "--file", str(file)]
    made = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=True, cwd=ROOT
    )
    secret = made.stdout.split()[0]
    server = serve(small, MODISTE_KEYS_FILE=str(file))
    page = visit(server, expected=("401",))
    alert = page.get_by_role("alert")
    alert.wait_for()
    said = server.http.post("/predict", json={}).json()["error"]["message"]
    assert said in alert.inner_text()
    alert.get_by_role("button", name="API key").click()
    page.locator("#key-value").fill(secret)
    page.keyboard.press("Enter")
    answered(page)
    page.reload()
    answered(page)
    stored = page.evaluate("JSON.stringify(localStorage)")
    assert secret not in stored


def test_a_lost_server_is_told_and_the_page_goes_on_when_it_is_back(serve, visit, small):
    server = serve(small)
    port = str(server.http.base_url.port)
    page = visit(server, expected=("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE"))
    answered(page)
    server.kill()
    page.locator(".strip button").nth(1).click()
    page.locator("#banner.bad").get_by_text("cannot be reached").wait_for()
    serve(small, "--port", port)
    page.locator("#banner.good").get_by_text("is back").wait_for()
    page.locator(".best strong").wait_for()
    assert page.get_by_role("alert").count() == 0


def test_a_version_that_appears_is_offered_by_itself(serve, visit, small, tmp_path):
    server = serve(small)
    page = visit(server)
    answered(page)
    write_version(tmp_path / "next", seed=1)
    (tmp_path / "next").rename(small / "fashion_mnist" / "2")
    page.wait_for_function("() => document.querySelector('h1').textContent.includes('version 2')")
    assert page.locator("#model option").count() == 2
