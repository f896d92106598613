"""Pictures of the page of the service, taken with chromium from a real server of the shipped models.

    python -m bench.screenshot                  docs/pictures/page.png, which the README shows
    python -m bench.screenshot --all FOLDER     each part, light and dark, wide and narrow, in both languages

The fonts are those of this machine: fonts-inter and fonts-nanum make pictures like the one that is there.
"""

import argparse
import sys
from itertools import product
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from playwright.sync_api import Browser, FilePayload

from bench import chromium, servers
from bench.http import Request
from bench.photos import photo

_ROOT = Path(__file__).parents[1]
_SHOWN = _ROOT / "docs" / "pictures" / "page.png"
_PARTS = ("try", "understand", "evaluate", "operate")
_SETTLED_MS = 2500
"""After which a part shows all that it asks for."""


class View(NamedTuple):
    """One picture: a part of the page as one reader sees it."""

    part: str = "try"
    theme: Literal["light", "dark"] = "light"
    language: str = "en-US"
    width: int = 1280

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.part}-{self.theme}-{self.language[:2]}-{self.width}.png"


def take(browser: Browser, origin: str, view: View, file: Path, *, height: int | None = None) -> None:
    """Write the picture of a view; of the whole page where no height is given."""
    context = browser.new_context(
        color_scheme=view.theme,
        locale=view.language,
        viewport={"width": view.width, "height": height or 900},
        device_scale_factor=1.5 if height else 1,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{origin}/#{view.part}")
    page.locator(f".part-{view.part}").wait_for()
    if view.part == "try":
        boot = FilePayload(name="boot.jpg", mimeType="image/jpeg", buffer=_boot())
        page.locator(".best strong").wait_for()
        page.set_input_files("input[type=file]", boot)
        page.locator(".steps li").first.wait_for()
    page.wait_for_timeout(_SETTLED_MS)
    page.screenshot(path=file, full_page=height is None)
    context.close()


def _boot() -> bytes:
    """A photograph of the first test picture, an ankle boot, that points to the right."""
    with np.load(_ROOT / "tests" / "data" / "fashion-mnist-test-1000.npz") as data:
        return photo(data["x"][0], seed=3, mirrored=True)


def main() -> None:
    """Take the picture of the README, or all."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="take every part in every way")
    folder: Path | None = parser.parse_args().all
    if chromium.PATH is None:
        sys.exit("there is no chromium here: apt-get install chromium")
    ready = Request("GET", "/health/ready")
    environment = {"MODISTE_DEFAULT_MODEL": "fashion_mnist"}
    with (
        servers.modiste(_ROOT / "artifacts", ready, environment=environment) as server,
        chromium.launched(chromium.PATH) as browser,
    ):
        origin = f"http://127.0.0.1:{server.port}"
        if folder is None:
            take(browser, origin, View(), _SHOWN, height=960)
            return
        folder.mkdir(parents=True, exist_ok=True)
        themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for part, theme, language, width in product(_PARTS, themes, ("en-US", "ko-KR"), (1280, 360)):
            view = View(part, theme, language, width)
            take(browser, origin, view, folder / view.name)


if __name__ == "__main__":
    main()
