"""The soak: a million requests through one worker, then 200 version swaps under load. ``make soak``.

What is looked for is memory that grows. It is sampled all the time; of the second half of each part, the mean
of the last fifth is compared with the mean of the first, for one sample alone holds whatever is in flight.
A swap is done as a publisher does it: a copy under a hidden name, renamed; the oldest version goes.
"""

import json
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Annotated, Any

import typer
from rich.console import Console

from bench import machine, processes, servers, wrk
from bench.http import send
from bench.report import figures_table
from bench.servers import Running
from bench.subjects import ONE
from bench.workloads import MODEL, ROOT, workloads
from modiste.artifact import METADATA, Metadata

RESULT = ROOT / "bench" / "results" / "soak.json"
_CONNECTIONS = 64
_SWAP_CONNECTIONS = 8
_SAMPLE_S = 1.0
_SLICE_S = 10.0
_SWAP_S = 30.0
_POLL_S = 0.02
_FLAT = 0.02
_NAME = "fashion_mnist"
_WATCH_MS = 50
_FAST_WATCH = {"MODISTE_WATCH_INTERVAL_MS": str(_WATCH_MS)}


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory at one moment, `at_s` seconds after the part began."""

    at_s: float
    pss_mib: float
    rss_mib: float


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the soak: what was done, and the memory over it."""

    done: int
    wanted: int
    seconds: float
    requests: int
    errors: int
    samples: list[Sample]

    def half_and_end_mib(self) -> tuple[float, float]:
        """Return resident memory at half time and at the end, each a mean of a fifth of the second half."""
        second_half = [sample.rss_mib for sample in self.samples[len(self.samples) // 2 :]]
        fifth = max(1, len(second_half) // 5)
        return mean(second_half[:fifth]), mean(second_half[-fifth:])

    @property
    def flat(self) -> bool:
        """Whether memory grew by no more than 2 % over the second half."""
        half, end = self.half_and_end_mib()
        return end <= half * (1 + _FLAT)


def main(
    requests: Annotated[int, typer.Option(help="How many requests.")] = 1_000_000,
    swaps: Annotated[int, typer.Option(help="How many version swaps.")] = 200,
    minutes: Annotated[float, typer.Option(help="Each of the two ends after so long at the latest.")] = 15.0,
    json_file: Annotated[Path, typer.Option("--json", help="Where the figures go.")] = RESULT,
) -> None:
    """Run the soak. Ends with status 1 where memory grew, a request failed or a swap did not come."""
    wrk.require()
    said = Console(stderr=True, highlight=False)
    said.print(f"{requests:,} requests on {_CONNECTIONS} connections ...")
    asked = soak_requests(requests, minutes * 60)
    said.print(f"{swaps} version swaps under load ...")
    swapped = soak_swaps(swaps, minutes * 60)
    document = _document(asked, swapped)
    json_file.parent.mkdir(parents=True, exist_ok=True)
    json_file.write_text(json.dumps(document, indent=1) + "\n")
    Console(highlight=False).print(figures_table(document), markup=False)
    if not (asked.flat and swapped.flat) or asked.errors or swapped.errors or swapped.done < swaps:
        sys.exit(1)


def soak_requests(wanted: int, most_s: float) -> Part:
    """Ask for single images until so many are answered."""
    began = time.monotonic()
    done = errors = 0
    samples: list[Sample] = []
    with ONE.run() as server:
        while done < wanted and time.monotonic() - began < most_s:
            with wrk.started(workloads()["A"].request, server.port, _CONNECTIONS) as process:
                until = time.monotonic() + _SLICE_S
                while time.monotonic() < until and process.poll() is None:
                    wrk.wait(process, _SAMPLE_S)
                    samples.append(_sample(server, began))
                outcome = wrk.finished(process, 0)
            done += outcome.requests
            errors += outcome.errors
    return Part(done, wanted, time.monotonic() - began, done, errors, samples)


def soak_swaps(wanted: int, most_s: float) -> Part:
    """Publish version after version while requests run; each must take over, and the oldest is removed."""
    single = workloads()["A"]
    samples: list[Sample] = []
    requests = errors = done = 0
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / _NAME
        _publish(model, 1)
        with servers.modiste(Path(folder), single.request, single.good, environment=_FAST_WATCH) as server:
            began = time.monotonic()
            while done < wanted and time.monotonic() - began < most_s:
                with wrk.started(single.request, server.port, _SWAP_CONNECTIONS) as process:
                    until = time.monotonic() + _SLICE_S
                    while done < wanted and time.monotonic() < until and process.poll() is None:
                        _swap(model, done + 2, server)
                        done += 1
                        samples.append(_sample(server, began))
                    outcome = wrk.finished(process, 0)
                requests += outcome.requests
                errors += outcome.errors
            return Part(done, wanted, time.monotonic() - began, requests, errors, samples)


def _publish(model: Path, version: int) -> None:
    making = model / f".{version}"
    shutil.copytree(MODEL, making)
    metadata = Metadata.read(making / METADATA)
    metadata.model_copy(update={"version": version}).write(making / METADATA)
    making.rename(model / str(version))


def _swap(model: Path, version: int, server: Running) -> None:
    """Publish a version, wait until it answers, and remove the one before the last."""
    _publish(model, version)
    request = workloads()["A"].request
    deadline = time.monotonic() + _SWAP_S
    while json.loads(send(request, server.port).body).get("version") != version:
        if time.monotonic() > deadline:
            raise RuntimeError(f"version {version} did not take over within {_SWAP_S:g} s")
        time.sleep(_POLL_S)
    oldest = model / str(version - 2)
    if oldest.exists():
        shutil.rmtree(oldest)
    # Two looks at the folder: what the swap left to do is done, and memory holds two versions again.
    time.sleep(2 * _WATCH_MS / 1000)


def _sample(server: Running, began: float) -> Sample:
    at_s = time.monotonic() - began
    return Sample(at_s, processes.pss_mib(server.pid), processes.rss_mib(server.pid))


def _document(asked: Part, swapped: Part) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name, part in (("requests", asked), ("swaps", swapped)):
        half, end = part.half_and_end_mib()
        figures |= {
            f"{name}: done": part.done,
            f"{name}: minutes": part.seconds / 60,
            f"{name}: requests answered": part.requests,
            f"{name}: errors": part.errors,
            f"{name}: resident memory at half, MiB": half,
            f"{name}: resident memory at the end, MiB": end,
            f"{name}: flat within {_FLAT:.0%} over the second half": "yes" if part.flat else "no",
        }
    return {
        "kind": "soak",
        "at": machine.now(),
        "commit": machine.commit(),
        "machine": machine.machine(),
        "versions": machine.versions(),
        "figures": figures,
        "requests": asdict(asked),
        "swaps": asdict(swapped),
    }


if __name__ == "__main__":
    typer.run(main)
