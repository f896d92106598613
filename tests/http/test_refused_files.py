"""A hostile file among the versions of a server: it is refused once, with its reason, and disturbs nobody."""

import asyncio

from modiste.prepare import PrepareLimits
from service.batching.admission import BatchPolicy
from service.repository.loading import Loader, LoadPolicy
from service.repository.prepared_cache import PreparedCache
from service.repository.registry import Registry, State
from service.repository.watcher import Watcher
from service.repository.wishes import WishesFile
from service.statistics.book import Statistics
from tests.hostile_files import HOSTILE
from tests.models import write_version
from tests.unit import model_files as files

_LOOK_S = 0.02


class CountingLoader(Loader):
    """Keeps what it was asked to load."""

    def __init__(self, state) -> None:
        policy = LoadPolicy(
            engine="auto",
            keras_backend="tensorflow",
            keras_allowed=True,
            onnx_threads=1,
            max_batch_rows=4,
            inline_compute_s=0.001,
        )
        super().__init__(policy, PreparedCache(state / "prepared", 10**9, PrepareLimits()))
        self.asked: list[int] = []

    def load(self, candidate):
        self.asked.append(candidate.version)
        return super().load(candidate)


def test_a_refused_file_keeps_its_reason_is_not_tried_again_until_it_changes_and_disturbs_nobody(tmp_path):
    model = tmp_path / "artifacts" / "fashion_mnist"
    write_version(model / "1")
    (hostile,) = [one for one in HOSTILE if one.name == "Lambda with bytecode"]
    registry, loader = Registry(None, 2), CountingLoader(tmp_path / "state")
    watcher = Watcher(
        model.parent,
        registry,
        loader,
        WishesFile(tmp_path / "state"),
        BatchPolicy(4, 64),
        Statistics(registry.rows_in_flight, None),
        interval_s=_LOOK_S,
        grace_s=1.0,
    )

    async def until(true) -> None:
        async with asyncio.timeout(30):
            while not true():
                await asyncio.sleep(_LOOK_S)

    def failed() -> bool:
        record = registry.records.get(("fashion_mnist", 2))
        return record is not None and record.state is State.FAILED

    async def live() -> None:
        await watcher.start()
        (model / "2").mkdir()
        hostile.written(model / "2", tmp_path / "marker")
        await until(failed)
        reason = registry.records["fashion_mnist", 2].reason
        assert reason.startswith("lambda: ") and str(tmp_path) not in reason
        await asyncio.sleep(20 * _LOOK_S)
        assert loader.asked == [1, 2]
        assert registry.get("fashion_mnist").version == 1
        files.written(model / "2", b"PK\x03\x04 changed")
        await until(lambda: loader.asked == [1, 2, 2] and failed())
        assert registry.records["fashion_mnist", 2].reason.startswith("archive_damaged: ")
        assert registry.get("fashion_mnist").version == 1
        await watcher.stop()

    asyncio.run(live())
    assert not (tmp_path / "marker").exists()
