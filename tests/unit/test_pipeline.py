"""The two threads that keep a device busy: order, overlap, errors and the end."""

import asyncio
import threading

import numpy as np
import pytest

from service.engine.pipeline import Pipeline
from service.errors import ShuttingDown


class Device:
    """An engine whose batches are done when the test says so; rows hold one number."""

    name = "device"
    batches_in_flight = 3

    def __init__(self) -> None:
        self.started: list[float] = []
        self.start_threads: set[int] = set()
        self.result_threads: set[int] = set()
        self.done = threading.Semaphore(0)
        self.seen = threading.Semaphore(0)

    def start(self, rows):
        self.start_threads.add(threading.get_ident())
        self.started.append(rows[0])
        self.seen.release()
        if rows[0] < 0:
            raise ValueError("cannot start")
        return Started(self, rows)

    def infer(self, rows):
        return self.start(rows).result()

    def close(self) -> None: ...


class Started:
    def __init__(self, device: Device, rows: np.ndarray) -> None:
        self.device = device
        self.rows = rows

    def result(self):
        self.device.result_threads.add(threading.get_ident())
        assert self.device.done.acquire(timeout=10)
        if self.rows[0] == 0:
            raise ZeroDivisionError
        return self.rows * 2


def row(value: float) -> np.ndarray:
    return np.array([value], np.float32)


async def seen(device: Device, count: int) -> None:
    """Wait until so many batches were started."""
    for _ in range(count):
        assert await asyncio.to_thread(device.seen.acquire, True, 10)


def test_batches_are_started_while_earlier_ones_compute():
    async def main() -> None:
        device = Device()
        pipeline = Pipeline(device, "device")
        futures = [pipeline.compute(row(n)) for n in (1, 2, 3)]
        await seen(device, 3)
        assert not any(future.done() for future in futures)
        device.done.release(3)
        assert [float(outputs[0]) for outputs in await asyncio.gather(*futures)] == [2, 4, 6]
        pipeline.close()
        own = threading.get_ident()
        assert len(device.start_threads | device.result_threads | {own}) == 3

    asyncio.run(main())


def test_results_resolve_in_the_order_of_the_calls_whatever_fails_on_the_way():
    async def main() -> None:
        device = Device()
        pipeline = Pipeline(device, "device")
        resolved: list[int] = []
        # -1 cannot start, which is known long before the first result; 0 fails while it computes.
        futures = [pipeline.compute(row(n)) for n in (1, -1, 0, 2)]
        for place, future in enumerate(futures):
            future.add_done_callback(lambda _, place=place: resolved.append(place))
        await seen(device, 4)
        await asyncio.sleep(0)
        assert resolved == []
        device.done.release(3)
        results = await asyncio.gather(*futures, return_exceptions=True)
        assert resolved == [0, 1, 2, 3]
        assert [type(result) for result in results] == [np.ndarray, ValueError, ZeroDivisionError, np.ndarray]
        pipeline.close()

    asyncio.run(main())


def test_what_is_under_way_when_it_closes_is_answered_and_nothing_after():
    async def main() -> None:
        device = Device()
        pipeline = Pipeline(device, "device")
        futures = [pipeline.compute(row(n)) for n in (1, 2)]
        await seen(device, 2)
        device.done.release(2)
        await asyncio.to_thread(pipeline.close)
        assert len(await asyncio.gather(*futures)) == 2
        with pytest.raises(ShuttingDown):
            pipeline.compute(row(3))

    asyncio.run(main())


def test_close_waits_with_a_bound_for_a_device_that_hangs():
    async def main() -> None:
        device = Device()
        pipeline = Pipeline(device, "device")
        future = pipeline.compute(row(1))
        await seen(device, 1)
        pipeline.close(wait_s=0.05)
        assert not future.done()
        device.done.release()
        assert float((await future)[0]) == 2

    asyncio.run(main())


def test_a_caller_that_left_and_a_loop_that_is_gone_stop_nothing():
    device = Device()
    made: list[Pipeline] = []

    async def main() -> None:
        made.append(Pipeline(device, "device"))
        made[0].compute(row(1)).cancel()
        await seen(device, 1)
        made[0].compute(row(2))
        await seen(device, 1)

    asyncio.run(main())
    device.done.release(2)

    async def again() -> float:
        future = made[0].compute(row(3))
        device.done.release()
        return float((await future)[0])

    assert asyncio.run(again()) == 6
    made[0].close()
