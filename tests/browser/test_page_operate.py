"""The page's part Operate: labels, loading and unloading with a key, and charts of what the server does."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.conftest import Server
from tests.http.operating import make_key
from tests.models import write_version

ROWS = {"instances": np.zeros((1, 28, 28)).tolist()}


@pytest.fixture(scope="module")
def served(browser, tmp_path_factory):
    """A server of one model with two versions and one that failed, and the key that may change them."""
    folder = tmp_path_factory.mktemp("operate")
    for version in (1, 2):
        write_version(folder / "artifacts" / "fashion_mnist" / str(version), seed=version)
    failed = write_version(folder / "artifacts" / "broken" / "1")
    (failed / "model.onnx").write_bytes(b"none")
    key = make_key(folder / "keys.json", "operator", "admin")["authorization"].removeprefix("Bearer ")
    server = Server(folder / "artifacts", folder / "state", MODISTE_KEYS_FILE=str(folder / "keys.json"))
    server.wait_ready()
    server.until(lambda: server.versions("broken")[1]["state"] == "failed")
    yield server, key
    server.http.close()
    server.kill()


def labels(server) -> dict[int, list[str]]:
    return {number: one["labels"] for number, one in server.versions("fashion_mnist").items()}


def test_a_version_is_promoted_and_rolled_back_with_a_key(served, visit):
    server, key = served
    page = visit(server, "#operate")
    page.locator("#operate-key").fill(key)
    promote = "Promote version {} of fashion_mnist to stable"
    page.get_by_role("button", name=promote.format(1)).click()
    page.get_by_text("stable of fashion_mnist points to version 1.").wait_for()
    assert labels(server) == {1: ["stable"], 2: []}
    page.get_by_role("button", name=promote.format(2)).click()
    page.get_by_text("stable of fashion_mnist points to version 2.").wait_for()
    assert labels(server) == {1: [], 2: ["stable"]}
    page.get_by_role("button", name="Roll stable back to version 1").click()
    page.get_by_text("stable of fashion_mnist points to version 1.").wait_for()
    assert labels(server) == {1: ["stable"], 2: []}
    page.get_by_role("button", name="Remove the label stable of fashion_mnist").click()
    page.get_by_text("The label stable of fashion_mnist is removed.").wait_for()
    assert labels(server) == {1: [], 2: []}
    assert key not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")


def test_a_model_is_unloaded_after_a_second_press_and_loaded_again(served, visit):
    server, key = served
    page = visit(server, "#operate")
    page.locator("#operate-key").fill(key)
    page.get_by_role("button", name="Unload fashion_mnist", exact=True).click()
    assert server.versions("fashion_mnist")[2]["state"] == "ready"
    page.get_by_role("button", name="Unload fashion_mnist now: it stops answering").click()
    page.get_by_text("fashion_mnist is unloaded.").wait_for()
    assert server.versions("fashion_mnist")[2]["state"] == "unloaded"
    # Nothing answers any more, and this part is still there to mend it, with the key that was typed.
    page.get_by_role("button", name="Load fashion_mnist").click()
    page.wait_for_function("() => document.querySelectorAll('.state.ready').length === 2")
    assert server.versions("fashion_mnist")[2]["state"] == "ready"


def test_a_version_that_is_ready_a_moment_after_the_others_is_shown_ready(served, visit):
    server, key = served
    page = visit(server, "#operate")
    page.locator("#operate-key").fill(key)
    page.wait_for_function("() => document.querySelectorAll('.state.ready').length === 2")

    # A load is answered when the newest version is ready; what is listed then says of the other that it is not yet.
    def not_yet(route):
        listed = route.fetch()
        models = listed.json()
        for version in next(one for one in models["models"] if one["name"] == "fashion_mnist")["versions"]:
            version["state"] = "preparing" if version["version"] == 1 else version["state"]
        route.fulfill(response=listed, json=models)

    page.route("**/models", not_yet, times=1)
    page.get_by_role("button", name="Load fashion_mnist", exact=True).click()
    page.locator(".state.preparing").wait_for()
    page.wait_for_function("() => document.querySelectorAll('.state.ready').length === 2")


def test_a_wrong_key_shows_what_the_api_says(served, visit):
    server, _ = served
    page = visit(server, "#operate", expected=("401",))
    page.locator("#operate-key").fill("modiste_wrong")
    page.get_by_role("button", name="Promote version 1 of fashion_mnist to stable").click()
    told = page.locator(".failure")
    told.wait_for()
    assert "the key of this request is not known here" in told.inner_text()
    # The other key, that of the dialog, would not help.
    assert "Enter an admin key above." in told.inner_text() and told.get_by_role("button").count() == 0
    page.wait_for_function("() => document.activeElement.id === 'operate-key'")
    assert labels(server) == {1: [], 2: []}
    assert page.locator(".reason").inner_text() == server.versions("broken")[1]["reason"]


def test_the_charts_move_with_what_the_server_does_and_rest_while_hidden(served, visit):
    server, _ = served
    page = visit(server, "#operate")
    lines = page.locator(".live figure:nth-child(2) .plot path.line.one")
    page.wait_for_function("() => document.querySelectorAll('.live .plot svg').length === 4")
    with page.expect_response("**/statistics"):
        pass
    for _ in range(5):
        server.http.post("/models/fashion_mnist/predict", json=ROWS).raise_for_status()
    page.wait_for_function(
        "() => /M/.test(document.querySelectorAll('.live figure')[1].querySelector('.plot path').getAttribute('d'))"
    )
    assert "M" in lines.get_attribute("d")
    page.locator(".numbers summary").click()
    assert page.locator(".numbers tbody tr").count() >= 1
    hide = (
        "Object.defineProperty(document, 'visibilityState', { value: '%s', configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    asked: list[str] = []
    page.evaluate(hide % "hidden")
    page.on("request", lambda request: asked.append(request.url))
    # Two seconds of the page's own clock: two questions, were it seen.
    page.evaluate("new Promise((done) => setTimeout(done, 2100))")
    assert not [url for url in asked if url.endswith("/statistics")]
    with page.expect_request("**/statistics"):
        page.evaluate(hide % "visible")


def test_a_version_without_a_report_says_so_and_is_explained_all_the_same(served, visit):
    page = visit(served[0], "#understand/fashion_mnist/1")
    page.get_by_text("it was not published by modiste train").wait_for()
    page.get_by_text("The picture of the documentation.").wait_for()
    page.locator(".why .said:not(:empty)").wait_for()
    assert page.locator(".matrix").count() == 0


@pytest.mark.parametrize("lang", ["en-US", "ko-KR"])
def test_charts_in_a_row_have_their_headings_and_their_plots_at_one_height(served, visit, lang):
    page = visit(served[0], "#operate", lang=lang)
    page.wait_for_function("() => document.querySelectorAll('.live .plot svg').length === 4")
    for part in ("h3", "svg[role=img]"):
        tops = page.locator(f".live {part}").evaluate_all(
            "(all) => all.map((one) => Math.round(one.getBoundingClientRect().top))"
        )
        assert len(tops) == 4 and len(set(tops)) == 1, part


def test_latencies_are_read_off_histograms_as_prometheus_does(served, visit):
    page = visit(served[0], "#operate")
    ask = "async ([share, counts]) => (await import('./page/live.js')).quantile(share, [1, 2, 4], counts)"
    cases = [
        (0.5, [0, 10, 0, 0], 1.5),
        (0.5, [10, 10, 10, 0], 1.5),
        (0.99, [99, 0, 1, 0], 1),
        (0.5, [0, 0, 0, 4], 4),
        (0.5, [0, 0, 0, 0], None),
    ]
    for share, counts, wanted in cases:
        assert page.evaluate(ask, [share, counts]) == wanted


@pytest.mark.parametrize(
    ("theme", "lang", "width"),
    [("light", "en-US", 1280), pytest.param("dark", "ko-KR", 360, marks=pytest.mark.long)],
)
def test_nothing_hinders_who_reads_otherwise(served, visit, theme, lang, width):
    server, key = served
    page = visit(server, "#operate", theme=theme, lang=lang, width=width)
    page.locator("#operate-key").fill(key)
    page.locator(".versions .acts button").first.click()
    page.locator(".told").wait_for()
    page.wait_for_function("() => document.querySelectorAll('.numbers tbody tr').length > 0")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page, context="#panel")
    assert not found.response["violations"], found.generate_report()
