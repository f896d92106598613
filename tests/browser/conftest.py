"""A real browser, Debian's chromium, before real servers of the shipped models."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from bench import chromium
from tests.e2e.conftest import SHIPPED, Server

MODELS = [folder.name for folder in SHIPPED.iterdir() if folder.is_dir()]
WAIT_MS = 15_000


# Playwright's loop counts as running until it ends: tests of other folders, which run loops of their own, may follow
# in this process.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if chromium.PATH is None:
        pytest.skip("no chromium here: apt-get install chromium")
    with chromium.launched(chromium.PATH) as browser:
        yield browser


@pytest.fixture(scope="package")
def shipped(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server of the shipped models, for all tests that only ask."""
    server = Server(SHIPPED, tmp_path_factory.mktemp("state"), "--default-model", "fashion_mnist")
    try:
        server.wait_ready().until(lambda: all(_states(server, model) == {"ready"} for model in MODELS))
        yield server
    finally:
        server.http.close()
        server.kill()


def _states(server: Server, model: str) -> set[str]:
    return {version["state"] for version in server.versions(model).values()}


@pytest.fixture
def serve(browser: Browser, tmp_path: Path):
    """Starts servers, and ends them after the test."""
    started: list[Server] = []

    def start(artifacts: Path, *options: str, **environment: str) -> Server:
        started.append(Server(artifacts, tmp_path / "state", *options, **environment))
        return started[-1].wait_ready()

    yield start
    for server in started:
        server.http.close()
        server.kill()


class Seen:
    """What a page did that it may not do: errors, and requests to elsewhere."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        self.expected: tuple[str, ...] = ()

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.elsewhere.append(url)

    @property
    def unexpected(self) -> list[str]:
        return [error for error in self.errors if not any(part in error for part in self.expected)]


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Opens pages as a reader of some language, theme and width; in the end none has erred or gone elsewhere.

    `expected` holds parts of console errors that the test provokes.
    """
    contexts, watched = [], []

    def open_page(
        server: Server,
        path: str = "",
        *,
        lang: str = "en-US",
        theme: str = "light",
        width: int = 1280,
        height: int = 900,
        expected: tuple[str, ...] = (),
        **options,
    ) -> Page:
        context = browser.new_context(
            locale=lang, color_scheme=theme, viewport={"width": width, "height": height}, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        seen = Seen(str(server.http.base_url).rstrip("/"))
        seen.expected = expected
        seen.watch(page)
        watched.append(seen)
        page.goto(f"{seen.origin}/{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    for seen in watched:
        assert not seen.elsewhere
        assert not seen.unexpected


def answered(page: Page, label: str | None = None) -> str:
    """Wait for an answer, or for one of this class, and return its class."""
    best = page.locator(".best strong")
    if label is None:
        best.wait_for()
    else:
        page.wait_for_function(
            "(label) => document.querySelector('.best strong')?.textContent === label", arg=label
        )
    return best.inner_text()
