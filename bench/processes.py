"""What a server and all processes below it use, from ``/proc``: memory and processor time. Linux alone."""

import os
import re
from contextlib import suppress
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_USER_TIME = 11
"""The first of four fields of a stat file after the name: utime, stime, and both of ended children."""


def tree(pid: int) -> list[int]:
    """Return a process and all below it that live."""
    pids = [pid]
    for one in pids:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                pids += map(int, (task / "children").read_text().split())
    return pids


def lives(pid: int) -> bool:
    """Whether a process is there and has not ended; one that nobody has taken note of yet has."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def pss_mib(pid: int) -> float:
    """Return the memory of a tree in MiB; a page that several processes hold counts once, shared out."""
    return sum(_field_kib(one, "smaps_rollup", "Pss") for one in tree(pid)) / 1024


def rss_mib(pid: int) -> float:
    """Return the resident memory of a tree in MiB; a shared page counts in every process that holds it."""
    return sum(_field_kib(one, "status", "VmRSS") for one in tree(pid)) / 1024


def cpu_s(pid: int) -> float:
    """Return the seconds of processor time that a tree has used, with what its ended children used."""
    total = 0
    for one in tree(pid):
        with suppress(OSError):
            # The name, in brackets, may hold anything.
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[_USER_TIME : _USER_TIME + 4]))
    return total / _TICKS_PER_S


def _field_kib(pid: int, file: str, name: str) -> int:
    with suppress(OSError):
        found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/{file}").read_text(), re.M)
        return int(found[1]) if found else 0
    return 0
