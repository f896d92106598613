"""Debian's chromium, driven by Playwright: nothing is downloaded. For screenshots and for tests/browser."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

PATH = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""Where it is; None where it is not installed."""


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """Run the browser until the block ends."""
    # A proxy of the environment is for the internet, where nothing here goes.
    environment: dict[str, str | float | bool] = {
        name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, env=environment)
        yield browser
        browser.close()
