"""Photographs go through the page's own preparation, and are recognised as the test pictures they were made of are.

`python -m pytest tests/browser/test_photos.py -s -m long` prints the figures.
"""

import base64

import numpy as np
import pytest

from bench.photos import photo
from tests.e2e.conftest import ROOT

COUNT = 100
SHOES = (5, 7, 9)

PREPARE = """async (photos) => {
  const { rasterOf } = await import('./page/try/photo.js');
  const { prepare, pointsRight, mirrored } = await import('./page/try/picture.js');
  const size = { height: 28, width: 28, channels: 1 };
  const made = [];
  for (const text of photos) {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const { pixels } = prepare(await rasterOf(new Blob([bytes], { type: 'image/jpeg' })), size, 'garment');
    made.push(Array.from(pointsRight(pixels, size) ? mirrored(pixels, size) : pixels));
  }
  return made;
}"""


def pictures() -> tuple[np.ndarray, np.ndarray]:
    with np.load(ROOT / "tests" / "data" / "fashion-mnist-test-1000.npz") as data:
        return data["x"][:COUNT], data["y"][:COUNT]


def right(server, pixels: np.ndarray, labels: np.ndarray, model: str) -> np.ndarray:
    """Which pictures a model names rightly: bool [rows]."""
    body = {"instances": pixels.reshape(-1, 28, 28).tolist()}
    predictions = server.http.post(f"/models/{model}/predict", json=body).json()["predictions"]
    return np.array([one["class"] for one in predictions]) == labels


def prepared(page, images: np.ndarray, **how: bool) -> np.ndarray:
    photos = [base64.b64encode(photo(one, i, **how)).decode() for i, one in enumerate(images)]
    return np.array(page.evaluate(PREPARE, photos), np.uint8)


@pytest.mark.long
def test_photos_are_recognised_nearly_as_well_as_the_pictures_they_were_made_of(shipped, visit):
    images, labels = pictures()
    page = visit(shipped)
    photos = prepared(page, images)
    shadowed = prepared(page, images, shadow=True)
    shoes = np.isin(labels, SHOES)
    turned = prepared(page, images[shoes], mirrored=True)
    difference = np.abs(photos.astype(int) - images.reshape(COUNT, -1)).mean()
    print(f"\n{COUNT} photos, {shoes.sum()} of shoes; mean difference of a pixel: {difference:.1f} of 255")
    for model in ("fashion_mnist", "fashion_conv"):
        originals = right(shipped, images, labels, model)
        found = right(shipped, photos, labels, model)
        found_shadowed = right(shipped, shadowed, labels, model)
        found_turned = right(shipped, turned, labels[shoes], model)
        print(
            f"{model}: originals {originals.mean():.2f}, photos {found.mean():.2f}, with a shadow {found_shadowed.mean():.2f}; "
            f"shoes {originals[shoes].mean():.2f}, turned about {found_turned.mean():.2f}"
        )
        assert found.sum() >= originals.sum() - 0.03 * COUNT
        assert found_shadowed.sum() >= originals.sum() - 0.05 * COUNT
        assert found_turned.mean() >= originals[shoes].mean() - 0.1
