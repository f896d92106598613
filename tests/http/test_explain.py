"""`/explain` over HTTP, beside a straightforward computation of the same map."""

import io

import numpy as np
import pytest
from operating import make_key
from PIL import Image

from modiste.artifact import Head
from tests.models import CLASS_NAMES, expected, write_pair, write_version

PATH = "/models/fashion_mnist/versions/1/explain"
PICTURE = np.random.default_rng(5).integers(0, 256, (28, 28), np.uint8)


def occlusion(picture: np.ndarray, patch: int, stride: int, colour: float, value) -> np.ndarray:
    """Hide one square after the other, ask one by one, and average over who hid a pixel: [28, 28]."""
    base = value(picture)
    losses = [[[] for _ in range(28)] for _ in range(28)]
    for top in range(0, 28 - patch + 1, stride):
        for left in range(0, 28 - patch + 1, stride):
            hidden = picture.astype(np.float32).copy()
            hidden[top : top + patch, left : left + patch] = colour
            loss = base - value(hidden)
            for row in range(top, top + patch):
                for column in range(left, left + patch):
                    losses[row][column].append(loss)
    return np.array([[np.mean(one) for one in row] for row in losses])


@pytest.fixture
def settings(settings):
    """Limits that an explanation fits into."""
    roomy = {"max_rows_per_request": 1000, "max_rows_in_flight": 2000, "max_body_bytes": 1_000_000}
    return settings.model_copy(update=roomy)


def ask(client, query: str = "", picture: np.ndarray = PICTURE, path: str = PATH):
    return client.post(f"{path}{query}", json={"instances": picture.tolist()})


@pytest.mark.parametrize(
    ("query", "patch", "stride", "fill"),
    [
        ("", 4, 2, "mean"),
        ("?fill=ground", 4, 2, "ground"),
        ("?patch=7&stride=7", 7, 7, "mean"),
        ("?class=SECOND&patch=8&stride=4", 8, 4, "mean"),
    ],
)
def test_the_map_is_that_of_asking_one_by_one(client, query, patch, stride, fill):
    second, first = np.argsort(expected(PICTURE[np.newaxis])[0])[-2:].tolist()
    number = second if "class" in query else first
    response = ask(client, query.replace("SECOND", str(second)))
    assert response.status_code == 200, response.text
    answer = response.json()
    edge = np.concatenate([PICTURE[0], PICTURE[-1], PICTURE[:, 0], PICTURE[:, -1]])
    colour = np.rint(PICTURE.mean() if fill == "mean" else np.median(edge))

    def value(picture: np.ndarray) -> float:
        return float(expected(picture[np.newaxis])[0, number])

    assert (answer["class"], answer["label"]) == (number, CLASS_NAMES[number])
    assert answer["base"] == pytest.approx(value(PICTURE), abs=1e-6)
    told = [answer[name] for name in ("method", "patch", "stride", "fill")]
    assert told == ["occlusion", patch, stride, fill]
    assert answer["patches"] == ((28 - patch) // stride + 1) ** 2
    wanted = occlusion(PICTURE, patch, stride, colour, value)
    assert np.abs(wanted).max() > 1e-3
    assert np.allclose(answer["map"], wanted, atol=1e-5)


def test_every_form_of_a_picture_gives_one_map(client):
    file = io.BytesIO()
    Image.fromarray(PICTURE).save(file, "PNG")
    as_png = client.post(PATH, content=file.getvalue(), headers={"content-type": "image/png"})
    assert as_png.json() == ask(client).json()


def test_the_same_is_reached_by_model_by_label_and_by_default(client):
    wanted = ask(client).json()
    assert ask(client, path="/explain").json() == wanted
    assert ask(client, path="/models/fashion_mnist/explain").json() == wanted
    missing = ask(client, path="/models/fashion_mnist/labels/stable/explain")
    assert missing.json()["error"]["code"] == "label_not_found"


def test_an_explanation_is_one_request_of_many_rows_and_goes_through_the_batcher(client):
    ask(client)
    ask(client, "?class=99")
    (found,) = client.get("/statistics").json()["versions"]
    assert (found["success"]["count"], found["rows"], found["rows_computed"]) == (1, 170, 170)
    assert {batch["rows"] for batch in found["batches"]} == {10, 16}  # of at most 16
    assert found["failures"]["invalid_input"]["count"] == 1 and found["rows_in_flight"] == 0


@pytest.mark.parametrize(
    ("query", "code", "says"),
    [
        ("?class=10", "invalid_input", "class may be 0 to 9"),
        ("?patch=29", "invalid_input", "patch may be 1 to 28"),
        ("?patch=4&stride=5", "invalid_input", "stride may be 1 to 4"),
        ("?fill=blue", "invalid_input", "fill"),
        ("?colour=1", "invalid_input", "colour"),
        ("?patch=1&stride=1", "too_large", "784 patches are too many"),
    ],
)
def test_what_does_not_fit_is_told(make_client, query, code, says):
    error = ask(make_client(max_rows_per_request=784), query).json()["error"]
    assert error["code"] == code and says in error["message"]


def test_one_picture_is_explained_and_no_more(client):
    error = ask(client, picture=np.stack([PICTURE] * 2)).json()["error"]
    assert (error["code"], error["message"]) == ("invalid_input", "expected one picture; got 2")


def test_models_without_one_picture_are_refused(artifacts, make_client):
    write_pair(artifacts / "pair" / "1")
    write_version(artifacts / "flat" / "1", shape=(784,))
    client = make_client()
    for name, says in (("pair", "one input and one output"), ("flat", "one picture")):
        error = ask(client, path=f"/models/{name}/explain").json()["error"]
        assert error["code"] == "invalid_input" and says in error["message"]


def test_a_number_is_explained_without_a_class(artifacts, make_client):
    write_version(artifacts / "value" / "1", head=Head.REGRESSION, units=1, class_names=None)
    client = make_client()
    answer = ask(client, path="/models/value/explain").json()
    assert (answer["class"], answer["label"]) == (None, None) and np.shape(answer["map"]) == (28, 28)
    assert ask(client, "?class=0", path="/models/value/explain").json()["error"]["code"] == "invalid_input"


def test_a_full_server_says_so(make_client):
    response = ask(make_client(max_rows_in_flight=128))
    assert response.status_code == 429 and response.json()["error"]["code"] == "overloaded"


def test_it_needs_the_key_of_predictions_where_there_is_one(make_client, tmp_path):
    file = tmp_path / "keys.json"
    headers = make_key(file, "client", "predict")
    client = make_client(keys_file=file)
    assert ask(client).json()["error"]["code"] == "unauthorized"
    body = {"instances": PICTURE.tolist()}
    assert client.post(PATH, json=body, headers=headers).status_code == 200
