"""The page's part Evaluate: a file or a data set, progress, the figures, and what the API says when it refuses."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.conftest import ROOT
from tests.models import write_version

STORED = ROOT / "tests" / "data" / "fashion-mnist-test-1000.npz"


@pytest.mark.parametrize(
    ("theme", "lang", "width"),
    [("light", "en-US", 1280), pytest.param("dark", "ko-KR", 360, marks=pytest.mark.long)],
)
def test_a_file_gives_the_figures_that_the_service_gives(shipped, visit, theme, lang, width):
    page = visit(shipped, "#evaluate/fashion_mnist/1", theme=theme, lang=lang, width=width)
    page.locator("#evaluate-file").set_input_files(STORED)
    page.locator("form button[type=submit]").click()
    page.locator(".figures dd").first.wait_for()
    headers = {"content-type": "application/x-npz"}
    found = shipped.http.post(
        "/models/fashion_mnist/versions/1/evaluate", content=STORED.read_bytes(), headers=headers
    ).json()
    shown = page.locator(".figures dd").all_inner_texts()
    assert shown[:2] == [f"{found['count']:,}", f"{found['accuracy']:.1%}"]
    cells = [int(text or 0) for text in page.locator(".matrix tbody td").all_inner_texts()]
    assert cells == [count for row in found["confusion_matrix"] for count in row]
    assert page.locator(".by-class tbody tr").count() == 10
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    report = Axe().run(page, context="#panel")
    assert not report.response["violations"], report.generate_report()


def test_progress_is_seen_and_a_run_is_cancelled(tmp_path, serve, visit):
    write_version(tmp_path / "artifacts" / "slow" / "1", slowness=10)
    server = serve(tmp_path / "artifacts", MODISTE_MAX_BATCH_ROWS="8")
    page = visit(server, "#evaluate/slow/1")
    page.locator("#evaluate-file").set_input_files(STORED)
    page.locator("form button[type=submit]").click()
    page.wait_for_function(
        "() => { const bar = document.querySelector('progress');"
        " return bar && bar.max === 1000 && bar.value > 0 && bar.value < 1000; }"
    )
    assert " of 1,000 images" in page.locator(".under-way .fine").inner_text()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled.").wait_for()
    assert page.locator("progress").count() == 0
    assert page.get_by_role("button", name="Evaluate", exact=True).is_enabled()
    # The server stops, too: what it computed does not grow any more.
    server.until(lambda: _computed(server) == _computed(server) and _idle(server))
    assert _computed(server) < 1000


def _computed(server) -> int:
    return server.http.get("/statistics").json()["versions"][0]["rows_computed"]


def _idle(server) -> bool:
    return server.http.get("/statistics").json()["versions"][0]["rows_in_flight"] == 0


def test_the_message_of_the_api_is_shown(shipped, visit):
    page = visit(shipped, "#evaluate/fashion_mnist/1", expected=("404",))
    page.locator("#evaluate-name").fill("no_such_set")
    page.locator("form button[type=submit]").click()
    told = page.locator(".failure")
    told.wait_for()
    body = {"dataset": "no_such_set", "split": "test"}
    wanted = shipped.http.post("/models/fashion_mnist/versions/1/evaluate", json=body).json()["error"]
    assert wanted["message"] in told.inner_text() and "404 dataset_not_found" in told.inner_text()


def test_a_file_takes_the_place_of_the_data_set_until_it_is_removed(shipped, visit, tmp_path):
    page = visit(shipped, "#evaluate/fashion_mnist/1")
    fields = page.locator("#evaluate-name, #evaluate-split, #evaluate-limit")
    remove = page.get_by_role("button", name="Remove the file")
    assert page.locator("#evaluate-name").input_value() == "fashion_mnist" and not remove.is_visible()
    with np.load(STORED) as data:
        np.savez(tmp_path / "few.npz", x=data["x"][:3], y=data["y"][:3])
    page.locator("#evaluate-file").set_input_files(tmp_path / "few.npz")
    assert [one.is_disabled() for one in fields.all()] == [True] * 3
    page.locator("form button[type=submit]").click()
    page.get_by_text("Done: the result is below.").wait_for()
    # Of three images most classes have none, so there is nothing to measure.
    rows = [row.split("\t") for row in page.locator(".by-class tbody tr").all_inner_texts()]
    assert {tuple(row[1:4]) for row in rows if row[4] == "0"} == {("–", "–", "–")}
    assert all("%" in row[1] for row in rows if row[4] != "0")
    remove.click()
    assert [one.is_disabled() for one in fields.all()] == [False] * 3 and not remove.is_visible()
    assert page.locator(".figures").count() == 0 and page.get_by_text("Done").count() == 0


def test_a_limit_below_one_is_not_sent(shipped, visit):
    page = visit(shipped, "#evaluate/fashion_mnist/1")
    sent = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    page.locator("#evaluate-limit").fill("0")
    page.locator("form button[type=submit]").click()
    assert page.locator("#evaluate-limit").evaluate("(one) => one.matches(':user-invalid:focus')")
    assert not sent and page.locator(".failure").count() == 0
