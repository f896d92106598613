"""Whatever the way in, a served answer is what Keras says: on 1,000 real images, over real sockets."""

import asyncio
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.bodies import npy, png

TOLERANCE = 1e-5
SHIPPED = Path(__file__).parents[2] / "artifacts"


def as_json(rows: np.ndarray) -> dict:
    return {
        "content": json.dumps({"instances": rows.tolist()}),
        "headers": {"content-type": "application/json"},
    }


def as_flat_json(rows: np.ndarray) -> dict:
    return as_json(rows.reshape(len(rows), -1))


def as_npy(rows: np.ndarray) -> dict:
    return {"content": npy(rows), "headers": {"content-type": "application/x-npy"}}


def as_raw(rows: np.ndarray) -> dict:
    return {"content": rows.tobytes(), "headers": {"content-type": "application/octet-stream"}}


def as_form(rows: np.ndarray) -> dict:
    return {"files": [("files", (f"{i}.png", png(row), "image/png")) for i, row in enumerate(rows)]}


def as_png(rows: np.ndarray) -> dict:
    (row,) = rows
    return {"content": png(row), "headers": {"content-type": "image/png"}}


FORMATS = [as_json, as_flat_json, as_npy, as_raw, as_form]


def probabilities(response: httpx.Response) -> np.ndarray:
    assert response.status_code == 200, response.text
    return np.array([p["probabilities"] for p in response.json()["predictions"]])


@pytest.mark.parametrize("encode", [*FORMATS, as_png])
def test_one_image_at_a_time(shipped, test_images, keras_probabilities, encode):
    x, _ = test_images
    got = [probabilities(shipped.http.post("/predict", **encode(x[i : i + 1]))) for i in range(len(x))]
    np.testing.assert_allclose(np.concatenate(got), keras_probabilities, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("encode", FORMATS)
@pytest.mark.parametrize("size", [7, 250])
def test_in_batches(shipped, test_images, keras_probabilities, encode, size):
    x, _ = test_images
    got = [
        probabilities(shipped.http.post("/predict", **encode(x[i : i + size])))
        for i in range(0, len(x), size)
    ]
    np.testing.assert_allclose(np.concatenate(got), keras_probabilities, atol=TOLERANCE, rtol=0)


def test_all_formats_and_sizes_at_once(shipped, test_images, keras_probabilities):
    """Forty callers at a time, each with another format and size: none gets another's rows."""
    x, _ = test_images
    sizes = np.random.default_rng(0).choice([1, 1, 1, 2, 5, 40], 400)
    starts = np.cumsum(sizes) % (len(x) - 40)

    async def ask(http: httpx.AsyncClient, turn: asyncio.Semaphore, number: int) -> None:
        rows = slice(starts[number], starts[number] + sizes[number])
        async with turn:
            response = await http.post("/predict", **FORMATS[number % len(FORMATS)](x[rows]))
        np.testing.assert_allclose(probabilities(response), keras_probabilities[rows], atol=TOLERANCE, rtol=0)

    async def main() -> None:
        turn = asyncio.Semaphore(40)
        async with httpx.AsyncClient(base_url=shipped.http.base_url, timeout=60, trust_env=False) as http:
            await asyncio.gather(*(ask(http, turn, number) for number in range(len(sizes))))

    asyncio.run(main())


def test_the_whole_matrix_as_npy(shipped, test_images, keras_probabilities):
    request = as_npy(test_images[0])
    request["headers"]["accept"] = "application/x-npy"
    matrix = np.load(io.BytesIO(shipped.http.post("/predict", **request).content))
    np.testing.assert_allclose(matrix, keras_probabilities, atol=TOLERANCE, rtol=0)


def test_an_evaluation_equals_keras_own(shipped, shipped_model, test_images):
    x, y = test_images
    file = io.BytesIO()
    np.savez(file, x=x, y=y)
    report = shipped.http.post(
        "/evaluate", content=file.getvalue(), headers={"content-type": "application/x-npz"}
    ).json()
    own = shipped_model.evaluate(x, y, verbose=0, return_dict=True)
    assert report["loss"] + report["regularization_loss"] == pytest.approx(own["loss"], rel=1e-4)
    assert report["accuracy"] == pytest.approx(own["accuracy"], abs=1e-6)
    predicted = shipped_model.predict(x, verbose=0).argmax(axis=1)
    matrix = np.zeros((10, 10), int)
    np.add.at(matrix, (y, predicted), 1)
    assert report["confusion_matrix"] == matrix.tolist()


def test_the_whole_test_set_of_the_server_is_evaluated_with_progress(shipped):
    ask = {"dataset": "fashion_mnist", "split": "test"}
    with shipped.http.stream(
        "POST", "/evaluate", json=ask, headers={"accept": "application/x-ndjson"}
    ) as response:
        lines = [json.loads(line) for line in response.iter_lines()]
    assert [line["progress"]["done"] for line in lines[:-1]][-1] == 10_000
    result = lines[-1]["result"]
    assert result["count"] == 10_000 and result["accuracy"] >= 0.87
    stated = shipped.http.get("/model/summary").json()["trained"]["metrics"]
    assert result["accuracy"] == pytest.approx(stated["test_accuracy"], abs=1e-4)


def test_the_summary_is_what_keras_prints(shipped, shipped_model):
    summary = shipped.http.get("/model/summary").json()
    assert summary["totals"]["parameters"] == shipped_model.count_params()
    assert [layer["name"] for layer in summary["layers"]] == [layer.name for layer in shipped_model.layers]
    assert summary["parity"]["max_abs_difference"] <= summary["parity"]["tolerance"]
    text = shipped.http.get("/model/summary", headers={"accept": "text/plain"}).text
    printed: list[str] = []
    shipped_model.summary(print_fn=lambda line, **_: printed.append(line))
    rows = [row.split() for row in text.splitlines() if row.startswith(("┃", "│"))]
    assert len(rows) == len(shipped_model.layers) + 1
    assert rows == [row.split() for row in "\n".join(printed).splitlines() if row.startswith(("┃", "│"))]


def test_the_python_of_the_readme_runs_as_it_stands(shipped):
    text = (SHIPPED.parent / "README.md").read_text()
    example = next(block for block in re.findall(r"```python\n(.*?)```", text, re.S) if "urlopen" in block)
    here = example.replace("http://127.0.0.1:8000", str(shipped.http.base_url).rstrip("/"))
    done = subprocess.run([sys.executable, "-c", here], capture_output=True, text=True, cwd=SHIPPED.parent)
    assert done.returncode == 0, done.stderr
    assert "Ankle boot" in done.stdout and float(done.stdout.splitlines()[-1]) > 0.8


def test_the_requests_of_the_readme_are_answered(shipped):
    text = (SHIPPED.parent / "README.md").read_text()
    assert "service/static/example-28x28.json" in text and "fashion-mnist-test-1000.npz" in text
    pixels = json.loads((SHIPPED.parent / "service/static/example-28x28.json").read_text())
    (prediction,) = shipped.http.post("/predict", json={"instances": pixels}).json()["predictions"]
    shown = json.loads(re.search(r'\{"class":9.*?"probability":[0-9.]+', text)[0] + "}")
    assert (prediction["class"], prediction["label"]) == (shown["class"], shown["label"])
    assert prediction["probability"] == pytest.approx(shown["probability"], abs=0.01)
