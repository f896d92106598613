"""The thread that computes long forward passes: results, errors and its end."""

import asyncio
import threading

import pytest

from service.engine.model_thread import ModelThread


def test_calls_run_one_after_the_other_in_one_thread_that_is_not_the_loops():
    async def main() -> list[int]:
        thread = ModelThread("model")
        idents = await asyncio.gather(*(thread.run(threading.get_ident) for _ in range(5)))
        thread.close()
        return idents

    idents = asyncio.run(main())
    assert len(set(idents)) == 1 and idents[0] != threading.get_ident()


def test_an_error_reaches_the_caller_and_the_thread_goes_on():
    async def main() -> int:
        thread = ModelThread("model")
        with pytest.raises(ZeroDivisionError):
            await thread.run(lambda: 1 // 0)
        answer = await thread.run(lambda: 42)
        thread.close()
        return answer

    assert asyncio.run(main()) == 42


def test_a_caller_that_left_is_not_answered_and_close_waits_with_a_bound():
    async def main() -> None:
        thread, gate = ModelThread("model"), threading.Event()
        left = thread.run(gate.wait, 10)
        left.cancel()
        thread.close(wait_s=0.05)  # still waiting for the gate: does not hang
        gate.set()
        thread.close()

    asyncio.run(main())


def test_a_result_for_a_loop_that_is_gone_is_dropped():
    gate = threading.Event()
    made: list[ModelThread] = []

    async def main() -> None:
        made.append(ModelThread("model"))
        made[0].run(gate.wait, 10)

    asyncio.run(main())
    gate.set()
    made[0].close()
