"""`/report` over HTTP: what a version's folder says of its training and test, and the images behind it."""

import dataclasses
import hashlib

import numpy as np
import pytest
from operating import make_key

from modiste.artifact import METADATA, DatasetInfo, Metadata, folder_sha256
from modiste.report import EVALUATION, CalibrationBar, ClassFigures, Mistake, VersionReport
from modiste.report_images import IMAGES, of_classes
from tests.models import CLASS_NAMES, write_version

MODEL = "/models/fashion_mnist/versions/1/report"
RNG = np.random.default_rng(0)
LABELS = np.arange(60) % 10
ANSWERS = np.full((60, 10), 0.02, np.float32)
ANSWERS[np.arange(60), np.where(np.arange(60) < 45, LABELS, (LABELS + 1) % 10)] = 0.82
ANSWERS[:, 0] -= np.linspace(0, 0.01, 60, dtype=np.float32)
PICTURES = RNG.integers(0, 256, (60, 28, 28), np.uint8)
KEPT = of_classes(PICTURES, LABELS, ANSWERS)
PREDICTED = ANSWERS.argmax(axis=1)

EVALUATED = VersionReport(
    rows=60,
    loss=0.5,
    accuracy=0.75,
    per_class=(ClassFigures(label="zero", precision=1, recall=0.5, f1=2 / 3, support=6),),
    confusion_matrix=((3, 3), (0, 6)),
    calibration=(CalibrationBar(lower=0, upper=1, rows=60, confidence=0.8, accuracy=0.75),),
    wrong=15,
    mistakes=(Mistake(index=45, true=5, predicted=6, probability=0.82),),
    pictures=("confusion_matrix.png",),
)


def write_report(folder, images: bool = True):
    (folder / "report").mkdir()
    EVALUATED.write(folder / "report" / EVALUATION)
    if images:
        KEPT.write(folder / "report" / IMAGES)
    Metadata(
        class_names=CLASS_NAMES,
        created_at="2026-01-02T03:04:05Z",
        metrics={"test_accuracy": 0.75, "best_epoch": 2.0},
        history={"loss": (0.9, 0.5), "val_loss": (0.8, 0.6)},
        dataset=DatasetInfo(name="fashion_mnist", train_rows=3, validation_rows=2, test_rows=60, sha256={}),
        recipe={"model": "fashion_mnist", "seed": 42},
        libraries={"keras": "3.15.1"},
        sha256=folder_sha256(folder),
    ).write(folder / METADATA)


@pytest.fixture
def version(artifacts):
    return artifacts / "fashion_mnist" / "1"


@pytest.fixture
def reported(version, make_client):
    write_report(version)
    return make_client()


def test_a_report_says_how_a_version_came_to_be_and_how_good_it_is(reported):
    found = reported.get(MODEL).json()
    assert (found["model"], found["version"], found["head"]) == ("fashion_mnist", 1, "softmax")
    assert found["evaluation"] == EVALUATED.model_dump(mode="json")
    assert found["history"] == {"loss": [0.9, 0.5], "val_loss": [0.8, 0.6]}
    assert (found["created_at"], found["recipe"]["seed"]) == ("2026-01-02T03:04:05Z", 42)
    assert (found["dataset"]["test_rows"], found["libraries"]) == (60, {"keras": "3.15.1"})
    assert (found["images"], found["notes"]) == (len(KEPT.index), [])
    for path in ("/model/report", "/models/fashion_mnist/report"):
        assert reported.get(path).json() == found
    missing = reported.get("/models/fashion_mnist/labels/stable/report")
    assert missing.json()["error"]["code"] == "label_not_found"


def test_the_images_of_a_cell_are_those_of_its_rows_the_surest_mistake_first(reported):
    found = reported.get(f"{MODEL}/images?true=5&predicted=6").json()["images"]
    rows = np.flatnonzero((LABELS == 5) & (PREDICTED == 6))
    assert len(rows) > 0 and {one["index"] for one in found} == set(rows.tolist())
    for one in found:
        assert one["pixels"] == PICTURES[one["index"]].tolist()
        assert (one["true"], one["predicted"]) == (5, 6)
        assert one["probability"] == pytest.approx(float(ANSWERS[one["index"], 6]))
    sure = [one["probability"] for one in found]
    assert sure == sorted(sure, reverse=True)


def test_images_are_told_by_right_and_wrong_and_limited(reported):
    wrong = reported.get(f"{MODEL}/images?wrong=true&limit=100").json()["images"]
    assert {one["index"] for one in wrong} == set(np.flatnonzero(PREDICTED != LABELS).tolist())
    right = reported.get(f"{MODEL}/images?wrong=false&true=0&limit=2").json()["images"]
    assert len(right) == 2 and all(one["true"] == one["predicted"] == 0 for one in right)
    assert right[0]["probability"] <= right[1]["probability"]  # the most doubted first
    assert len(reported.get(f"{MODEL}/images").json()["images"]) == 24
    assert reported.get(f"{MODEL}/images?true=9&predicted=1").json()["images"] == []


@pytest.mark.parametrize("query", ["true=-1", "true=x", "limit=0", "limit=101", "wrong=perhaps", "path=a"])
def test_a_query_that_does_not_fit_is_refused(reported, query):
    response = reported.get(f"{MODEL}/images?{query}")
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_input")


def test_images_need_the_key_of_predictions_where_there_is_one(version, make_client, tmp_path):
    write_report(version)
    headers = make_key(tmp_path / "keys.json", "client", "predict")
    client = make_client(keys_file=tmp_path / "keys.json")
    assert client.get(MODEL).status_code == 200
    assert client.get(f"{MODEL}/images").json()["error"]["code"] == "unauthorized"
    assert client.get(f"{MODEL}/images", headers=headers).status_code == 200


def test_a_version_without_a_report_says_so(client):
    found = client.get(MODEL).json()
    assert (found["evaluation"], found["history"], found["images"]) == (None, {}, 0)
    assert found["notes"] == ["this version has no report: it was not published by modiste train"]
    response = client.get(f"{MODEL}/images")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "images_not_found")
    assert found["notes"][0] in response.json()["error"]["message"]


def test_a_report_without_images_says_how_to_get_them(version, make_client):
    write_report(version, images=False)
    found = make_client().get(MODEL).json()
    assert found["evaluation"]["accuracy"] == 0.75 and found["images"] == 0
    assert found["notes"] == ["the images behind the figures are not there"]


def change(path, say):
    path.write_bytes(path.read_bytes() + b" ")
    return say


def link(path, say):
    (path.parent / "elsewhere").write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to("elsewhere")
    return say


def grow(path, say):
    with path.open("ab") as file:
        file.truncate(64 * 1024 * 1024)
    return say


@pytest.mark.parametrize("name", [EVALUATION, IMAGES])
@pytest.mark.parametrize(
    ("damage", "says"),
    [(change, "does not have the SHA-256"), (link, "symbolic link is not followed"), (grow, "the limit is")],
    ids=["changed", "a link", "too large"],
)
def test_a_file_that_is_not_what_was_published_is_not_shown(version, make_client, name, damage, says):
    write_report(version)
    damage(version / "report" / name, says)
    found = make_client().get(MODEL).json()
    assert any(f"report/{name}" in note and says in note for note in found["notes"])
    assert (found["evaluation"] is None) is (name == EVALUATION)
    assert (found["images"] == 0) is (name == IMAGES)


def test_a_folder_that_is_a_link_is_not_followed(version, make_client, tmp_path):
    write_report(version)
    (version / "report").rename(tmp_path / "elsewhere")
    (version / "report").symlink_to(tmp_path / "elsewhere")
    found = make_client().get(MODEL).json()
    assert found["evaluation"] is None and found["images"] == 0 and "report is no folder" in found["notes"]


def test_a_report_that_is_no_report_is_told_without_its_content(version, make_client):
    write_report(version)
    path = version / "report" / EVALUATION
    path.write_text('{"rows": "secret"}')
    metadata = Metadata.read(version / METADATA)
    sums = {**metadata.sha256, f"report/{EVALUATION}": hashlib.sha256(path.read_bytes()).hexdigest()}
    metadata.model_copy(update={"sha256": sums}).write(version / METADATA)
    (note,) = make_client().get(MODEL).json()["notes"]
    assert "not valid at rows" in note and "secret" not in note


def test_a_model_that_gives_numbers_shows_what_it_missed_by_most(version, make_client):
    write_report(version)
    numbers = dataclasses.replace(
        KEPT,
        true=KEPT.true / 10,
        predicted=KEPT.true / 10 + np.arange(len(KEPT.index)) / 100,
        probability=np.zeros(0, np.float32),
    )
    (version / "report" / IMAGES).unlink()
    numbers.write(version / "report" / IMAGES)
    metadata = Metadata.read(version / METADATA)
    metadata.model_copy(update={"sha256": folder_sha256(version)}).write(version / METADATA)
    found = make_client().get(f"{MODEL}/images?limit=3").json()["images"]
    assert [one["index"] for one in found] == KEPT.index[::-1][:3].tolist()
    assert found[0]["probability"] is None


def test_one_version_is_told_from_another(artifacts, version, make_client):
    write_report(version)
    write_version(artifacts / "fashion_mnist" / "2", seed=1)
    client = make_client()
    assert client.get(MODEL).json()["evaluation"] is not None
    assert client.get("/models/fashion_mnist/report").json()["version"] == 2
    assert client.get("/models/fashion_mnist/versions/2/report").json()["evaluation"] is None
