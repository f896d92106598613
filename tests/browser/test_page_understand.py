"""The page's part Understand: layers, curves, the matrix with its images, and why an answer is what it is."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import answered

REPORT = "/models/fashion_mnist/versions/1/report"


@pytest.fixture
def page(shipped, visit):
    page = visit(shipped, "#understand/fashion_mnist/1")
    page.locator(".why .said:not(:empty)").wait_for()
    return page


def explained(page, about: str) -> str:
    """Wait until the picture that is called so is explained; return what is said of it."""
    page.wait_for_function(
        "(about) => document.querySelector('.why > .fine')?.textContent === about", arg=about
    )
    page.locator('.why[aria-busy="false"]').wait_for()
    return page.locator(".why .said").inner_text()


def drawn(page, selector: str) -> np.ndarray:
    """The pixels of a canvas: uint8 [height * width, 4]."""
    read = """(canvas) => Array.from(
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data)"""
    return np.array(page.locator(selector).evaluate(read), np.uint8).reshape(-1, 4)


def test_every_layer_is_shown_with_its_shape_and_its_parameters(page, shipped):
    layers = shipped.http.get("/models/fashion_mnist/versions/1/summary").json()["layers"]
    shown = page.locator(".layers > li").all_inner_texts()
    assert len(shown) == len(layers) + 1
    for text, layer in zip(shown[1:], layers, strict=True):
        assert layer["type"] in text and " × ".join(f"{n:,}" for n in layer["output_shape"][1:]) in text
        assert (f"{layer['parameters']:,} parameters" in text) is (layer["parameters"] > 0)


def test_a_press_on_a_cell_shows_the_images_behind_it(page, shipped):
    found = shipped.http.get(f"{REPORT}/images?true=6&predicted=0").json()["images"]
    page.locator('.matrix td[data-i="6"][data-j="0"]').click()
    shots = page.locator(".behind .shot")
    page.get_by_role("heading", name="Shirt taken for T-shirt/top: 122").wait_for()
    assert shots.count() == len(found) > 0
    assert all("is Shirt" in text for text in shots.all_inner_texts())
    assert (
        drawn(page, ".behind .shot >> nth=0 >> canvas")[:, 0].tolist()
        == np.ravel(found[0]["pixels"]).tolist()
    )


def test_the_matrix_is_one_stop_in_which_arrows_move_and_enter_opens(page):
    cells = page.locator(".matrix tbody td")
    assert cells.count() == 100 and page.locator(".matrix tbody td[tabindex='0']").count() == 1
    # The most frequent mistake is open at first.
    page.get_by_role("heading", name="Pullover taken for Coat: 126").wait_for()
    page.locator(".matrix tbody td[tabindex='0']").focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.ariaLabel") == "T-shirt/top taken for Shirt: 111"
    page.get_by_role("heading", name="T-shirt/top taken for Shirt: 111").wait_for()
    assert page.locator(".behind .shot").count() > 0
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.ariaLabel") == "T-shirt/top taken for Ankle boot: 0"
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement.ariaLabel") == "T-shirt/top, rightly: 840"


def test_an_image_is_explained_where_it_is_pressed_and_anew_for_each_choice(page, shipped):
    image = shipped.http.get(f"{REPORT}/images?wrong=true&limit=1").json()["images"][0]
    page.locator(".at-mistakes .shot").first.click()
    said = explained(page, f"Test image {image['index']}.")
    answer = shipped.http.post(
        "/models/fashion_mnist/versions/1/explain?fill=ground", json={"instances": image["pixels"]}
    ).json()
    assert answer["class"] == image["predicted"] and said.startswith(f"{answer['label']}: ")
    before = drawn(page, ".why .pair figure >> nth=1 >> canvas")
    strongest = int(np.argmax(np.ravel(answer["map"])))
    red, _, blue, _ = before[strongest].astype(int)
    assert len(before) == 784 and (max(np.ravel(answer["map"])) < 0.05 or red > blue)
    with page.expect_response(lambda response: "/explain" in response.url and "class=9" in response.url):
        page.locator(".why select").first.select_option("9")
    page.wait_for_function("() => document.querySelector('.why .said').textContent.startsWith('Ankle boot')")
    with page.expect_response(lambda response: "patch=8" in response.url):
        page.locator(".why select").nth(1).select_option("8")
    page.wait_for_function("() => document.querySelector('.why').dataset.patches === '36'")
    assert not np.array_equal(before, drawn(page, ".why .pair figure >> nth=1 >> canvas"))


def test_what_was_tried_last_is_explained_first(shipped, visit):
    page = visit(shipped, "#try/fashion_mnist/1")
    label = answered(page)
    page.get_by_role("tab", name="Understand").click()
    assert explained(page, "The picture that you tried last.").startswith(f"{label}: ")


def test_charts_have_their_numbers_as_tables_and_classes_are_sorted_by_any_column(page, shipped):
    report = shipped.http.get(REPORT).json()
    curves = page.locator(".at-curves")
    assert curves.locator("path.line.two").count() >= 2  # validation, in the legend and in both charts
    curves.locator("summary").click()
    rows = curves.locator("tbody tr").all_inner_texts()
    assert [row.split("\t")[1] for row in rows] == [f"{loss:.4}" for loss in report["history"]["loss"]]
    page.locator(".at-calibration summary").click()
    filled = [bar for bar in report["evaluation"]["calibration"] if bar["rows"]]
    assert page.locator(".at-calibration tbody tr").count() == len(filled)
    wrong = report["evaluation"]["wrong"]
    assert f"{wrong:,} of 10,000 test images" in page.locator(".at-mistakes .fine").first.inner_text()
    recall = page.locator(".at-classes th", has_text="Recall")
    recall.get_by_role("button").click()
    assert recall.get_attribute("aria-sort") == "descending"
    assert page.locator(".at-classes tbody th").first.inner_text() == "Trouser"
    recall.get_by_role("button").click()
    assert page.locator(".at-classes tbody th").first.inner_text() == "Shirt"


@pytest.mark.parametrize(
    ("theme", "lang", "width"),
    [("light", "en-US", 1280), pytest.param("dark", "ko-KR", 360, marks=pytest.mark.long)],
)
def test_nothing_hinders_who_reads_otherwise(shipped, visit, theme, lang, width):
    page = visit(shipped, "#understand/fashion_conv/1", theme=theme, lang=lang, width=width)
    page.locator(".why .said:not(:empty)").wait_for()
    page.locator(".at-mistakes .shot").first.wait_for()
    page.locator('.matrix td[data-i="6"][data-j="0"]').click()
    page.locator(".behind .shot").first.wait_for()
    for summary in page.locator("details > summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page, context="#panel")
    assert not found.response["violations"], found.generate_report()
