"""Fuzzing the reader of model files: ``make fuzz``, or ``python -m bench.fuzz_files --seconds 600``.

The shipped files are mutated again and again and read in a child under limits on memory and time. It must
read or refuse each, and do nothing else. The HDF5 library crashes on some: then what a server does with the
file is done, `modiste.prepare.examine`, and that must refuse it. Ends with status 1 where something else came
of a file; the file lies in ``--keep`` then.
"""

import json
import multiprocessing
import random
import re
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bench import machine
from bench.fuzz_mutations import mutated
from bench.report import figures_table
from bench.workloads import MODEL, ROOT
from modiste.prepare import PrepareError, examine, prepare
from modiste.reading import ReadingLimits, Reason, Refused

RESULT = ROOT / "bench" / "results" / "reliability" / "fuzz.json"
SEEDS = ("model.keras", "model.h5")
_READ_S = 30.0
_MEMORY_BYTES = 4 * 1024**3
_DIED = "the child died"


@dataclass(slots=True)
class Found:
    """What came of the files so far.

    Attributes:
        verdicts: how many had which; those that the child died of under what `examine` said.
        passed: those that were read.
        prepared: what came of those that were given to Keras.
        died: files of which the reading child died, by a crash, by its clock, or by a lack of memory.
        wrong: files of which neither a reading nor a refusal came, and what came.
    """

    tried: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    died: int = 0
    passed: list[int] = field(default_factory=list)
    prepared: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)
    worst_s: float = 0.0
    worst_examine_s: float = 0.0
    worst_mib: float = 0.0
    seconds: float = 0.0

    def figures(self) -> dict[str, Any]:
        """Return what is to be shown."""
        return {
            "files tried": self.tried,
            "seconds": self.seconds,
            "longest reading, s": self.worst_s,
            "most memory of the reading process, MiB": self.worst_mib,
            "files of which the reading process died": self.died,
            "longest verdict on one of those, s": self.worst_examine_s,
            "files of which something else came": len(self.wrong),
            **{f"verdict: {name}": count for name, count in self.verdicts.most_common()},
            **{f"of those, given to Keras: {name}": count for name, count in self.prepared.most_common()},
        }


def main(
    seconds: Annotated[float, typer.Option(help="How long.")] = 60.0,
    seed: Annotated[int, typer.Option(help="Another one tries other files.")] = 0,
    prepared: Annotated[
        int, typer.Option(help="How many that pass are given to Keras afterwards, seconds each.")
    ] = 0,
    keep: Annotated[Path, typer.Option(help="Where files go of which something else came.")] = Path(
        "fuzz-found"
    ),
    json_file: Annotated[Path, typer.Option("--json", help="Where the figures go.")] = RESULT,
) -> None:
    """Read mutated model files for so long. Ends with status 1 where one is neither read nor refused."""
    found = fuzz(seed, seconds=seconds, prepared=prepared, keep=keep)
    document = {
        "kind": "fuzz",
        "at": machine.now(),
        "commit": machine.commit(),
        "machine": machine.machine(),
        "versions": machine.versions(),
        "figures": found.figures(),
        "wrong": found.wrong,
    }
    json_file.parent.mkdir(parents=True, exist_ok=True)
    json_file.write_text(json.dumps(document, indent=1) + "\n")
    Console(highlight=False).print(figures_table(document), markup=False)
    if found.wrong:
        print(f"see {keep}: {found.wrong}", file=sys.stderr)
        sys.exit(1)


def fuzz(
    seed: int,
    *,
    seconds: float = 600.0,
    files: int = sys.maxsize,
    prepared: int = 0,
    keep: Path | None = None,
) -> Found:
    """Try so many files, or for so long; the same seed makes the same files in the same order.

    So many of those that passed are prepared afterwards.
    """
    found = Found()
    began = time.monotonic()
    while found.tried < files and (left := began + seconds - time.monotonic()) > 0:
        _with_one_child(found, seed, files, left, keep)
    found.seconds = time.monotonic() - began
    found.prepared.update(_prepared(seed, index) for index in found.passed[:prepared])
    return found


def case(seed: int, index: int) -> tuple[str, bytes]:
    """Return the name and the bytes of one file."""
    number = random.Random(f"{seed}-{index}")
    name = number.choice(SEEDS)
    return name, mutated((MODEL / name).read_bytes(), name, number)


def _with_one_child(found: Found, seed: int, files: int, seconds: float, keep: Path | None) -> None:
    """Let a child read files until it dies, or the time or the files are over."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        arguments = (theirs, Path(folder), seed, found.tried, files)
        child = context.Process(target=_read_all, args=arguments, daemon=True)
        child.start()
        theirs.close()
        until = time.monotonic() + seconds
        try:
            while found.tried < files and (left := until - time.monotonic()) > 0 and ours.poll(left):
                verdict, took_s, mib = ours.recv()
                found.worst_s, found.worst_mib = max(found.worst_s, took_s), max(found.worst_mib, mib)
                _note(found, seed, verdict, keep)
        except EOFError:
            _note(found, seed, _DIED, keep)
        finally:
            child.kill()
            child.join()
            ours.close()


def _note(found: Found, seed: int, verdict: str, keep: Path | None) -> None:
    index, found.tried = found.tried, found.tried + 1
    if verdict == Reason.OK:
        found.passed.append(index)
    if verdict not in set(Reason):
        # The child died, or said something else: what does a server make of the file?
        found.died += 1
        verdict = _examined(found, seed, index, verdict, keep)
    found.verdicts[verdict] += 1


def _examined(found: Found, seed: int, index: int, before: str, keep: Path | None) -> str:
    name, data = case(seed, index)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            said = str(examine(path).reason)
        except PrepareError as error:
            said = found.wrong[f"{seed}-{index}"] = f"{before}, and then {error}"
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}-{index}-{name}").write_bytes(data)
    found.worst_examine_s = max(found.worst_examine_s, time.monotonic() - began)
    return said


def _prepared(seed: int, index: int) -> str:
    """Give a file that passed to Keras, in the child that does it for a server."""
    name, data = case(seed, index)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            return f"prepared for {prepare(path, path.parent / 'prepared').engine}"
        except PrepareError as error:
            return error.reason


def _read_all(results: Connection, folder: Path, seed: int, first: int, last: int) -> None:
    """Read file after file; send for each the verdict, its seconds and the most memory so far."""
    # Here and not above: the HDF5 library is for this process alone.
    from modiste.reading.model_file import read

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    limits = ReadingLimits()
    for index in range(first, last):
        name, data = case(seed, index)
        path = folder / name
        path.write_bytes(data)
        began = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, _READ_S)
        try:
            read(path, limits)
            verdict = str(Reason.OK)
        except Refused as refusal:
            verdict = str(refusal.reason)
        except Exception as error:  # whatever it is, it is what is looked for
            verdict = repr(error)
        signal.setitimer(signal.ITIMER_REAL, 0)
        results.send((verdict, time.monotonic() - began, _most_mib()))


def _most_mib() -> float:
    """Return the most memory that this process had; the system's ``ru_maxrss`` begins with its parent's."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M)
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    typer.run(main)
