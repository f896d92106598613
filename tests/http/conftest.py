"""The application in this process, over prepared versions, asked through httpx."""

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from service.app import compose
from service.run_folder import Place
from service.settings import Settings
from tests.models import write_pair, write_version


class Client:
    """Asks an application in the loop that it started in; synchronous, so that tests read plainly."""

    def __init__(self, settings: Settings, place: Place | None = None) -> None:
        self._runner = asyncio.Runner()
        self.app = compose(settings, place).app
        self._lifespan = _lifespan(self.app)
        self._runner.run(self._lifespan.__aenter__())
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, root_path=settings.root_path)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://testserver")

    @property
    def web(self):
        """The FastAPI application behind the lane."""
        app = self.app
        while not hasattr(app, "state"):
            app = app._app
        return app

    @property
    def parts(self):
        """The parts that the application is composed of, found as a route finds them."""
        return self.web.state.parts

    def run(self, coroutine):
        """Run a coroutine in the loop of the application."""
        return self._runner.run(coroutine)

    def request(self, method: str, path: str, **options) -> httpx.Response:
        return self._runner.run(self.http.request(method, path, **options))

    def get(self, path: str, **options) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options) -> httpx.Response:
        return self.request("POST", path, **options)

    def post_all(self, path: str, many: list[dict]) -> list[httpx.Response]:
        """Post several at once."""

        async def together() -> list[httpx.Response]:
            return await asyncio.gather(*(self.http.post(path, **options) for options in many))

        return self._runner.run(together())

    def close(self) -> None:
        self._runner.run(self.http.aclose())
        self._runner.run(self._lifespan.__aexit__(None, None, None))
        self._runner.close()


@asynccontextmanager
async def _lifespan(app):
    """Drive an ASGI lifespan as a server does."""
    to_app: asyncio.Queue[dict] = asyncio.Queue()
    from_app: asyncio.Queue[dict] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    task = asyncio.create_task(app(scope, to_app.get, from_app.put))
    for event in ("startup", "shutdown"):
        await to_app.put({"type": f"lifespan.{event}"})
        answer = await from_app.get()
        assert answer["type"] == f"lifespan.{event}.complete", answer
        if event == "startup":
            yield
    await task


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """An artifacts folder with one prepared model, `fashion_mnist`."""
    folder = tmp_path / "artifacts"
    write_version(folder / "fashion_mnist" / "1")
    return folder


@pytest.fixture
def settings(artifacts: Path, tmp_path: Path) -> Settings:
    """Small limits, so that tests reach them."""
    return Settings(
        artifacts_dir=artifacts,
        state_dir=tmp_path / "state",
        max_body_bytes=200_000,
        max_rows_per_request=64,
        max_batch_rows=16,
        max_rows_in_flight=128,
        max_wait_ms=60_000,  # however slow the machine is that the tests run on
        watch_interval_ms=50,
        max_wait_ms=600_000,  # a machine that is busy with other things is no reason to refuse anybody
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    """A client of the application with these settings."""
    made = Client(settings)
    yield made
    made.close()


@pytest.fixture
def make_client(settings: Settings):
    """Makes clients of applications with some settings changed."""
    made: list[Client] = []

    def make(**changes) -> Client:
        made.append(Client(settings.model_copy(update=changes)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def pair(artifacts, make_client):
    """A client of a server with a model of two inputs and two outputs beside the plain one."""
    write_pair(artifacts / "pair" / "1")
    return make_client()
