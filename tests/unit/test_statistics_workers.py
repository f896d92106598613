"""Statistics over several workers: here several of them in one process, which share a folder."""

import asyncio
import logging
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from service.run_folder import Place
from service.statistics.book import Statistics
from service.statistics.snapshots import Snapshots
from service.statistics.worker import NoSource
from tests.batchers import run


class InFlight(NoSource):
    """Knows how many rows are in flight."""

    def __init__(self, rows: dict[tuple[str, int], int]) -> None:
        self.rows = rows

    def rows_in_flight(self) -> dict[tuple[str, int], int]:
        return self.rows


def answered(statistics: Statistics, count: int, version: int = 1) -> None:
    """Count batches of one row, so many."""
    for _ in range(count):
        statistics.counts("m", version).batch_computed(1, 0.0, 0.001)


async def executions(statistics: Statistics) -> dict[int, int]:
    return {one.version: one.computed.count for one in await statistics.all()}


def test_one_worker_alone_needs_no_file():
    async def main():
        statistics = Statistics(InFlight({("m", 1): 5}))
        await statistics.start()
        assert await statistics.all() == []
        answered(statistics, 3)
        answered(statistics, 1, version=2)
        statistics.counts("other", 1)
        found = await statistics.all()
        assert [(one.model, one.version, one.computed.count) for one in found] == [
            ("m", 1, 3),
            ("m", 2, 1),
            ("other", 1, 0),
        ]
        assert [one.rows_in_flight for one in found] == [5, 0, 0]
        assert await statistics.of("m") == found[:2] and await statistics.of("m", 2) == found[1:2]
        assert await statistics.of("nobody") == await statistics.of("m", 3) == []
        await statistics.stop()

    run(main())


def test_each_worker_tells_what_all_have_counted_and_the_dead_too(tmp_path):
    async def main():
        workers = [Statistics(place=Place(tmp_path, number, 3)) for number in range(3)]
        for number, worker in enumerate(workers):
            await worker.start()
            answered(worker, 10**number)
            answered(worker, 1, version=number + 2)
        for worker in workers[1:]:
            await worker.stop()  # as at the end of a process: all that it counted is written
        assert await executions(workers[0]) == {1: 111, 2: 1, 3: 1, 4: 1}
        answered(workers[0], 1000)
        assert await executions(workers[0]) == {1: 1111, 2: 1, 3: 1, 4: 1}
        await workers[0].stop()

    run(main())


def test_who_takes_a_dead_ones_place_goes_on_from_its_counts_and_has_nothing_in_flight(tmp_path):
    async def main():
        place = Place(tmp_path, 0, 3)
        first = Statistics(InFlight({("m", 1): 7}), place)
        await first.start()
        answered(first, 5)
        assert (await first.all())[0].rows_in_flight == 7
        # It is killed here: nothing more is written.
        second = Statistics(place=place)
        await second.start()
        other = Statistics(place=Place(tmp_path, 1, 3))
        await other.start()
        answered(second, 2)
        (of_second,) = await second.all()
        assert (of_second.computed.count, of_second.rows_in_flight) == (7, 0)
        assert await other.all() == [of_second]
        for one in (second, other, first):
            await one.stop()

    run(main())


def test_changes_are_written_without_being_asked_for(tmp_path):
    async def main():
        worker, other = (Statistics(place=Place(tmp_path, number, 3)) for number in range(2))
        await worker.start()
        answered(worker, 4)
        while await executions(other) != {1: 4}:
            await asyncio.sleep(0.05)
        await worker.stop()

    run(main())


@settings(max_examples=50, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from(["count", "ask", "die"]), st.integers(0, 2)), max_size=30))
def test_counts_never_fall_whichever_worker_is_asked_and_whichever_dies(tmp_path_factory, steps):
    async def main():
        folder = tmp_path_factory.mktemp("run")
        workers = [Statistics(place=Place(folder, number, 3)) for number in range(3)]
        writing: dict[int, set[asyncio.Task]] = {}
        told = 0
        for what, number in steps:
            if what == "count":
                answered(workers[number], 1)
            elif what == "ask":
                now = (await executions(workers[number])).get(1, 0)
                assert now >= told
                told = now
            else:
                for task in writing.get(number, ()):
                    task.cancel()  # a dead one writes no more
                workers[number] = Statistics(place=Place(folder, number, 3))
                others = asyncio.all_tasks()
                await workers[number].start()
                writing[number] = {
                    task for task in asyncio.all_tasks() - others if task.get_name() == "statistics"
                }
        for worker in workers:
            await worker.stop()

    run(main())


def test_a_snapshot_that_comes_late_does_not_replace_a_newer_one(tmp_path):
    snapshots = Snapshots(Place(tmp_path, 0, 3))
    worker = Statistics()
    answered(worker, 1)
    (old,) = asyncio.run(worker.workers())
    new = replace(old, refused={"http": {"request_timeout": 100}})
    snapshots.write(2, snapshots.encode(new))
    snapshots.write(1, snapshots.encode(old))
    assert snapshots.before() == new
    assert Snapshots(Place(tmp_path, 1, 3)).others() == [new]
    assert [path.name for path in tmp_path.iterdir()] == ["worker-0.json"]


def test_a_folder_that_cannot_be_written_to_is_told_once_and_own_counts_go_on(tmp_path, caplog):
    async def main():
        statistics = Statistics(place=Place(tmp_path / "absent", 0, 3))
        await statistics.start()
        for expected in (1, 2, 3):
            answered(statistics, 1)
            assert await executions(statistics) == {1: expected}
        await statistics.stop()

    with caplog.at_level(logging.WARNING):
        run(main())
    (told,) = caplog.records
    assert "cannot be written" in told.message and str(tmp_path) not in told.message


def test_a_damaged_file_of_another_worker_is_left_out_and_told_once(tmp_path, caplog):
    (tmp_path / "worker-1.json").write_text('[{"model": 5}]')
    (tmp_path / "worker-2.json").write_text("[")

    async def main():
        statistics = Statistics(place=Place(tmp_path, 0, 3))
        await statistics.start()
        answered(statistics, 2)
        assert await executions(statistics) == {1: 2}
        await statistics.stop()

    with caplog.at_level(logging.WARNING):
        run(main())
    (told,) = caplog.records
    assert "worker-1.json holds no statistics" in told.message
