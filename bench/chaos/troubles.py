"""What happens to the server of a chaos run: kills, hangs, crowds, and the everyday business of versions."""

import asyncio
import json
import os
import random
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from bench import processes
from bench.chaos.callers import Broken, Connection
from bench.chaos.tally import UNKNOWN, Tally
from bench.chaos.world import CHANGING, LABEL, SLOW, World
from bench.http import Request
from bench.open_loop import OpenLoop, encoded

_CROWD_PER_S = 600.0
_CROWD_S = 1.0
_GONE_S = 60.0
_STARTED_S = 4.0
_CROWD_MAY_GET = {200, 429, 504}


class Troubles:
    """Makes one trouble after the other, each kind in each round, in an order by chance; a round at least."""

    def __init__(
        self, port: int, pid: int, world: World, admin: str, tally: Tally, dice: random.Random
    ) -> None:
        self._port, self._pid = port, pid
        self._world, self._tally, self._dice = world, tally, dice
        self._admin = {"authorization": f"Bearer {admin}", "content-type": "application/json"}

    async def run(self, ended: asyncio.Event, pause_s: float) -> None:
        """Go on until told to end."""
        kinds: list[Callable[[], Awaitable[None]]] = [
            self._publish,
            self._publish,
            self._publish_bad,
            self._move_label,
            self._move_label,
            self._kill,
            self._kill_preparing,
            self._hang,
            self._crowd,
        ]
        done = 0
        while not ended.is_set():
            for kind in self._dice.sample(kinds, len(kinds)):
                if done < len(kinds) or not ended.is_set():
                    await kind()
                    await asyncio.sleep(pause_s)
                    done += 1

    def workers(self) -> list[int]:
        """Return the worker processes that live."""
        return self._running(b"spawn_main")

    def _running(self, what: bytes) -> list[int]:
        found = []
        for pid in processes.tree(self._pid)[1:]:
            with suppress(OSError):
                if what in Path(f"/proc/{pid}/cmdline").read_bytes() and processes.lives(pid):
                    found.append(pid)
        return found

    async def _publish(self) -> None:
        self._tally.events["versions published"] += 1
        await asyncio.to_thread(self._world.publish)

    async def _publish_bad(self) -> None:
        self._tally.events["bad versions published"] += 1
        self._world.remove_bad()
        await asyncio.to_thread(self._world.publish_bad)

    async def begin(self) -> None:
        """Set the label for the first time."""
        await self._move_label()
        await asyncio.sleep(_STARTED_S)

    async def _move_label(self) -> None:
        self._tally.events["label moves asked for"] += 1
        version = self._dice.choice(self._world.versions[-2:])
        before, self._world.label_at = self._world.label_at, version
        path = f"/models/{CHANGING}/labels/{LABEL}"
        request = Request("PUT", path, self._admin, json.dumps({"version": version}).encode())
        connection = Connection(self._port)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            answer = await connection.ask(encoded(request))
            self._tally.count("label moves", str(answer.status))
            if answer.status not in (200, 503, 504):
                self._tally.blame(f"label move: {answer.status} {answer.body[:300]!r}")
            if answer.status != 200:
                self._world.label_at = before
        except Broken as error:
            self._tally.lost("label moves", began, connection.worker, str(error))
        connection.close()

    async def _kill(self) -> None:
        """Kill a worker, whatever it does just now."""
        pids = self.workers()
        if pids:
            pid = self._dice.choice(pids)
            kill = self._tally.kill("workers killed")
            os.kill(pid, signal.SIGKILL)
            kill.ended = asyncio.get_running_loop().time()
            await self._came_back(pid, kill_what="killed")

    async def _kill_preparing(self) -> None:
        """Kill a process that prepares a version, where one does just now."""
        pids = self._running(b"modiste.prepare.child")
        if pids:
            self._tally.events["preparing processes killed"] += 1
            with suppress(ProcessLookupError):
                os.kill(self._dice.choice(pids), signal.SIGKILL)

    async def _hang(self) -> None:
        """Stop a worker that serves: it goes on to hold its connections."""
        if await self._both_serve():
            pid = self._dice.choice(self.workers())
            kill = self._tally.kill("workers hung")
            os.kill(pid, signal.SIGSTOP)
            await self._came_back(pid, kill_what="hung")
            kill.ended = asyncio.get_running_loop().time()

    async def _both_serve(self) -> bool:
        """Wait until two workers answer: one that still starts would be waited for much longer."""
        loop = asyncio.get_running_loop()
        seen: set[str] = set()
        deadline = loop.time() + _GONE_S
        while len(seen) < 2 and loop.time() < deadline:
            connection = Connection(self._port)
            with suppress(Broken):
                await connection.ask(encoded(Request("GET", "/health/live")))
                seen.add(connection.worker)
            connection.close()
            await asyncio.sleep(0.02)
        if len(seen) < 2:
            self._tally.blame(f"two workers did not answer within {_GONE_S:g} s")
        return len(seen) == 2

    async def _came_back(self, pid: int, kill_what: str) -> None:
        """Wait until a worker is gone and another is there."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _GONE_S
        while pid in (now := self.workers()) or len(now) < 2:
            if loop.time() > deadline:
                self._tally.blame(f"a worker that was {kill_what} was not replaced in {_GONE_S:g} s")
                return
            await asyncio.sleep(0.05)

    async def _crowd(self) -> None:
        """Ask the slow model far more than it can compute."""
        self._tally.events["crowds"] += 1
        headers = {"content-type": "application/octet-stream", "x-timeout-ms": "2000"}
        load = OpenLoop(Request("POST", f"/models/{SLOW}/predict", headers, bytes(784)), self._port)
        answers = await load.run(_CROWD_PER_S, _CROWD_S, 0.0, 10.0)
        await load.close()
        for status, times in answers.seconds.items():
            for _ in times:
                self._tally.count("crowds", str(status))
            if status not in _CROWD_MAY_GET:
                self._tally.blame(f"crowds: {len(times)} answers {status}")
        if answers.without_retry_after:
            self._tally.blame(f"crowds: {answers.without_retry_after} answers 429 without Retry-After")
        unanswered = answers.sent - answers.answered
        began = asyncio.get_running_loop().time() - _CROWD_S - 10.0
        for _ in range(unanswered):
            self._tally.lost("crowds", began, UNKNOWN, "no answer in a crowd")
