"""Trying a model: every way in which a picture gets in, and what is shown of it."""

import base64
import io
import re

import httpx
import numpy as np
import pytest
from PIL import Image

from bench.photos import photo
from modiste.artifact import METADATA, DatasetInfo, Metadata, folder_sha256
from modiste.report_images import IMAGES, ReportImages
from tests.browser.conftest import answered
from tests.e2e.conftest import ROOT, Server
from tests.models import CLASS_NAMES, write_version

GIVE = """([kind, name, type, text]) => {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const given = new DataTransfer();
  given.items.add(new File([bytes], name, { type }));
  const options = { bubbles: true, cancelable: true };
  const event = kind === 'paste'
    ? new ClipboardEvent('paste', { ...options, clipboardData: given })
    : new DragEvent(kind, { ...options, dataTransfer: given });
  return document.body.dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def boot() -> np.ndarray:
    """The first test picture, an ankle boot: uint8 [28, 28]."""
    with np.load(ROOT / "tests" / "data" / "fashion-mnist-test-1000.npz") as data:
        return data["x"][0]


def give(page, kind: str, content: bytes, name: str = "boot.jpg", media_type: str = "image/jpeg") -> bool:
    """Drop or paste a file; whether the browser would now do what it does with it by itself."""
    return page.evaluate(GIVE, [kind, name, media_type, base64.b64encode(content).decode()])


def shares(page) -> list[str]:
    return page.locator(".bars .share").all_inner_texts()


def test_what_is_served_and_an_answer_are_there_at_once(shipped, visit):
    page = visit(shipped)
    assert answered(page) == "Ankle boot"
    assert page.locator("h1").inner_text().split() == ["fashion_mnist", "version", "1"]
    facts = " ".join(page.locator("#facts li").all_inner_texts())
    assert "28 × 28" in facts and "10 classes" in facts and "79,510" in facts
    options = page.locator("#model option").all_inner_texts()
    assert options == [f"{name} version 1" for name in ("fashion_conv", "fashion_mnist", "fashion_wide")]
    times = page.locator(".times dt").all_inner_texts()
    assert times == ["Round trip", "In the server", "Queue", "Compute"]


def test_every_sample_is_answered_as_the_api_answers_it(shipped, visit):
    page = visit(shipped)
    answered(page)
    with Image.open(ROOT / "service/page/samples/fashion_mnist.png") as strip:
        pixels = strip.tobytes()
    octets = {"content-type": "application/octet-stream"}
    predictions = shipped.http.post("/predict", content=pixels, headers=octets).json()["predictions"]
    buttons = page.locator(".strip button")
    assert buttons.count() == len(predictions)
    for i in (1, 5, 13):
        buttons.nth(i).click()
        label = predictions[i]["label"]
        answered(page, label)
        share = f"{predictions[i]['probability']:.1%}"
        page.wait_for_function("(s) => document.querySelector('.best .num')?.textContent === s", arg=share)
        assert buttons.nth(i).get_attribute("aria-pressed") == "true"


def test_another_model_is_asked_about_the_same_picture(shipped, visit):
    page = visit(shipped)
    answered(page)
    page.locator(".strip button").nth(1).click()
    answered(page, "Pullover")
    page.select_option("#model", label="fashion_conv version 1")
    page.wait_for_function("() => document.querySelector('h1').textContent.startsWith('fashion_conv')")
    answered(page, "Pullover")
    assert page.url.endswith("#try/fashion_conv/1")
    assert page.locator(".strip button").nth(1).get_attribute("aria-pressed") == "true"
    page.go_back()
    page.wait_for_function("() => document.querySelector('h1').textContent.startsWith('fashion_mnist')")


def draw(page) -> None:
    """A pair of trousers, by mouse."""
    box = page.locator(".sketch canvas").bounding_box()

    def at(x: float, y: float) -> tuple[float, float]:
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    for path in ([(0.42, 0.12), (0.36, 0.9)], [(0.58, 0.12), (0.64, 0.9)], [(0.42, 0.12), (0.58, 0.12)]):
        page.mouse.move(*at(*path[0]))
        page.mouse.down()
        page.mouse.move(*at(*path[1]), steps=6)
        page.mouse.up()


def test_a_drawing_by_mouse_is_answered_while_it_is_drawn(shipped, visit):
    page = visit(shipped)
    answered(page)
    page.get_by_role("button", name="Draw").click()
    assert page.locator(".best").inner_text() == "Nothing asked yet."
    page.get_by_label("Brush").fill("40")
    draw(page)
    answered(page, "Trouser")
    page.get_by_role("button", name="Clear").click()
    page.wait_for_function("() => document.querySelector('.best').textContent === 'Nothing asked yet.'")
    page.locator(".strip button").first.click()
    answered(page, "Ankle boot")


def test_a_stroke_can_be_undone(shipped, visit):
    page = visit(shipped)
    answered(page)
    page.get_by_role("button", name="Draw").click()
    draw(page)
    answered(page)
    for _ in range(3):
        page.get_by_role("button", name="Undo").click()
    page.wait_for_function("() => document.querySelector('.best').textContent === 'Nothing asked yet.'")


def test_a_finger_draws(shipped, visit):
    page = visit(shipped, width=390, has_touch=True, is_mobile=True)
    answered(page)
    page.get_by_role("button", name="Draw").tap()
    box = page.locator(".sketch canvas").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    answered(page)


def test_a_drawing_by_keyboard_alone(shipped, visit):
    page = visit(shipped)
    answered(page)
    page.get_by_role("button", name="Draw").focus()
    page.keyboard.press("Enter")
    canvas = page.get_by_role("application", name="Drawing area")
    assert canvas.evaluate("(one) => one === document.activeElement")
    for key in ["ArrowUp"] * 6 + [" "] + ["ArrowDown"] * 12 + [" "]:
        page.keyboard.press(key)
    answered(page)
    painted = "(one) => one.getContext('2d').getImageData(0, 0, one.width, one.height).data.some((v, i) => i % 4 === 0 && v > 0)"
    assert canvas.evaluate(painted)
    page.keyboard.press("Delete")
    page.wait_for_function("() => document.querySelector('.best').textContent === 'Nothing asked yet.'")
    assert not canvas.evaluate(painted)


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_photo_from_outside_is_prepared_step_by_step(shipped, visit, boot, kind):
    page = visit(shipped)
    answered(page)
    page.locator(".strip button").nth(1).click()
    answered(page, "Pullover")
    assert give(page, "dragover", b"") is False
    assert give(page, kind, photo(boot, 0)) is False
    answered(page, "Ankle boot")
    steps = page.locator(".steps li")
    assert steps.all_inner_texts() == ["Found", "Grey, light evened", "Inverted", "Scaled, centred"]


def test_a_shoe_that_points_to_the_right_is_turned_about_and_can_be_turned_back(
    shipped, visit, boot, tmp_path
):
    file = tmp_path / "boot.jpg"
    file.write_bytes(photo(boot, 3, mirrored=True))
    page = visit(shipped)
    answered(page)
    page.set_input_files("input[type=file]", file)
    page.locator(".steps li").first.wait_for()
    assert answered(page, "Ankle boot")
    mirror = page.get_by_role("button", name="Mirror")
    assert mirror.get_attribute("aria-pressed") == "true"
    before = shares(page)
    mirror.click()
    page.wait_for_function(
        "(before) => document.querySelector('.bars .share').textContent !== before", arg=before[0]
    )
    assert mirror.get_attribute("aria-pressed") == "false"


@pytest.mark.parametrize(
    ("lang", "colour"),
    [("en-US", (255, 255, 255, 255)), ("ko-KR", (9, 9, 9, 0))],
    ids=["white", "transparent"],
)
def test_a_picture_of_nothing_is_told_and_not_asked_about(shipped, visit, lang, colour):
    page = visit(shipped, lang=lang)
    answered(page)
    asked = []
    page.on("request", lambda request: request.method == "POST" and asked.append(request.url))
    file = io.BytesIO()
    Image.new("RGBA", (90, 60), colour).save(file, "PNG")
    give(page, "drop", file.getvalue(), "blank.png", "image/png")
    said = {
        "en-US": "Nothing is found in this picture, so the model is not asked.",
        "ko-KR": "이 그림에서 아무것도 찾지 못해 모델에 묻지 않았습니다.",
    }[lang]
    page.locator(".gets").get_by_text(said).wait_for()
    assert page.locator(".stage [role=status]").inner_text() == said
    assert page.locator(".best strong, .bars li").count() == 0
    # Nor is it whatever is chosen to be made of it.
    page.locator("#manner").select_option("whole")
    page.locator(".strip button").nth(1).click()
    answered(page, "Pullover")
    assert len(asked) == 1


def test_the_border_of_a_white_picture_is_seen_on_a_light_card(shipped, visit):
    page = visit(shipped)
    answered(page)
    border = page.locator(".stage .ground").evaluate("(one) => getComputedStyle(one).boxShadow")
    red, green, blue = map(int, re.findall(r"\d+", border)[:3])
    assert max(red, green, blue) < 225


def test_what_is_no_picture_is_refused_in_words(shipped, visit):
    page = visit(shipped)
    answered(page)
    told = page.locator(".stage").get_by_role("alert")
    give(page, "drop", b"no picture", "notes.txt", "text/plain")
    assert "no picture" in told.inner_text()
    page.locator(".strip button").nth(1).click()
    answered(page, "Pullover")
    assert told.count() == 0
    give(page, "paste", b"damaged", "damaged.png", "image/png")
    assert "no picture" in told.inner_text()
    page.locator(".strip button").nth(2).click()
    answered(page, "Trouser")
    assert page.get_by_role("alert").count() == 0


@pytest.fixture(scope="module")
def odd(browser, tmp_path_factory):
    """Models that are not of 28x28 greys from 0 to 255."""
    folder = tmp_path_factory.mktemp("odd")
    write_version(folder / "colour" / "1", shape=(32, 32, 3), limits=(0.0, 1.0))
    write_digits(folder / "digits" / "1")
    write_version(folder / "flowers" / "1", shape=(4,), units=3, class_names=("a", "b", "c"), limits=None)
    server = Server(folder, tmp_path_factory.mktemp("state"), "--default-model", "colour")
    try:
        server.wait_ready()
        server.until(
            lambda: all(server.versions(m)[1]["state"] == "ready" for m in ("colour", "digits", "flowers"))
        )
        yield server
    finally:
        server.http.close()
        server.kill()


def write_digits(folder) -> None:
    """A version of other data than Fashion-MNIST, which has kept three test pictures of its own."""
    write_version(folder)
    (folder / "report").mkdir()
    images = np.zeros((3, 28, 28), np.uint8)
    images[[0, 1, 2], 5, [7, 8, 9]] = 255
    classes = np.array([3, 3, 4])
    kept = ReportImages(np.arange(3), classes, classes, np.full(3, 0.9, np.float32), images)
    kept.write(folder / "report" / IMAGES)
    Metadata(
        class_names=CLASS_NAMES,
        dataset=DatasetInfo(name="mnist", train_rows=3, validation_rows=2, test_rows=3, sha256={}),
        sha256=folder_sha256(folder),
    ).write(folder / METADATA)


def test_a_model_of_other_data_offers_the_pictures_behind_its_report(odd, visit):
    page = visit(odd, "#try/digits")
    answered(page)
    names = page.locator(".strip button").evaluate_all("(all) => all.map((one) => one.title)")
    assert sorted(names) == ["four", "three", "three"]
    page.get_by_role("button", name="Draw").click()
    assert page.get_by_label("Prepare").input_value() == "digit"


def test_understand_is_asked_why_about_the_same_picture(shipped, visit):
    page = visit(shipped)
    answered(page)
    page.locator(".strip button").nth(1).click()
    answered(page, "Pullover")
    page.get_by_role("link", name="Why this answer?").click()
    page.wait_for_function("() => document.querySelector('.why .said')?.textContent.startsWith('Pullover: ')")


def test_a_model_of_coloured_pictures_gets_them_in_its_size_and_range(odd, visit, boot):
    page = visit(odd)
    page.get_by_text("What the model gets: 32 × 32 × 3").wait_for()
    sent = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.post_data_json))
    give(page, "drop", photo(boot, 1))
    answered(page)
    (row,) = sent[0]["instances"]
    assert np.array(row).shape == (32, 32, 3) and 0.5 < np.max(row) <= 1


def test_a_model_of_numbers_is_asked_in_json(odd, visit):
    page = visit(odd, "#try/flowers", expected=("422",))
    assert answered(page) in "abc"
    page.get_by_role("textbox").fill('{"instances": [[1, 2, 3]]}')
    with page.expect_response("**/predict") as refused:
        page.get_by_role("button", name="Ask").click()
    assert (
        page.get_by_role("alert").locator("p").first.inner_text() == refused.value.json()["error"]["message"]
    )
    page.get_by_role("textbox").fill('{"instances": [[5, 1, 4, 1]]}')
    page.keyboard.press("Control+Enter")
    answered(page)
    asked = httpx.post(
        f"{odd.http.base_url}/models/flowers/predict", json={"instances": [[5, 1, 4, 1]]}, trust_env=False
    )
    page.wait_for_function(
        "(share) => document.querySelector('.best .num')?.textContent === share",
        arg=f"{asked.json()['predictions'][0]['probability']:.1%}",
    )


def test_a_model_of_numbers_is_not_asked_why_and_no_data_set_is_proposed(odd, visit):
    page = visit(odd, "#understand/flowers/1")
    page.get_by_role("heading", name="Where it comes from").wait_for()
    assert page.locator(".at-why").count() == 0
    page.goto(f"{odd.http.base_url}/#evaluate/flowers/1")
    page.locator("#evaluate-name").wait_for()
    assert page.locator("#evaluate-name").input_value() == ""
    for model, proposed in (("colour", "cifar10"), ("digits", "mnist")):
        page.goto(f"{odd.http.base_url}/#evaluate/{model}/1")
        page.wait_for_function(
            "([model, set]) => document.querySelector('h1').textContent.startsWith(model)"
            " && document.querySelector('#evaluate-name')?.value === set",
            arg=[model, proposed],
        )
