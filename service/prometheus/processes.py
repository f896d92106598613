"""What Linux tells of the processes of this server's workers. Elsewhere nothing is known of them."""

import os
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """One process, now."""

    cpu_s: float
    resident_bytes: int
    open_files: int
    threads: int
    started_s: float


def read(pid: int, proc: Path = _PROC) -> Process | None:
    """Return what is known of this process or of one that has the same parent; None of any other.

    A worker that died leaves its number behind, which may be a stranger's by now.
    """
    try:
        folder = proc / str(pid)
        # Behind the name, which may hold anything: state, parent, ...; proc(5) counts them from 3.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        if pid != os.getpid() and int(fields[1]) != os.getppid():
            return None
        tick = os.sysconf("SC_CLK_TCK")
        return Process(
            cpu_s=(int(fields[11]) + int(fields[12])) / tick,
            resident_bytes=int(fields[21]) * os.sysconf("SC_PAGE_SIZE"),
            open_files=len(os.listdir(folder / "fd")),
            threads=int(fields[17]),
            started_s=_booted_s(proc) + int(fields[19]) / tick,
        )
    except (OSError, ValueError, IndexError):
        return None


def _booted_s(proc: Path) -> int:
    for line in (proc / "stat").read_text().splitlines():
        if line.startswith("btime "):
            return int(line.split()[1])
    raise ValueError("no time of the boot")
