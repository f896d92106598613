"""Where and with what a run was made: machine, versions, commit. No names of machines or people."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench import wrk
from bench.workloads import ROOT

_PACKAGES = (
    "modiste",
    "uvicorn",
    "httptools",
    "uvloop",
    "onnxruntime",
    "numpy",
    "orjson",
    "pysimdjson",
    "fastapi",
)


def machine() -> dict[str, str | int]:
    """Return what the machine is."""
    return {
        "processor": _field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(int(_field("/proc/meminfo", "MemTotal").split()[0]) / 2**20),
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Return the versions of what takes part."""
    return {"python": platform.python_version(), "wrk": wrk.version()} | {n: version(n) for n in _PACKAGES}


def commit() -> str:
    """Return the commit that is measured; a tree with changes of its own says so."""
    head = _git("rev-parse", "--short=12", "HEAD")
    if not head:
        return "unknown"
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "service", "modiste", "bench")
    return f"{head} with changes" if changed else head


def now() -> str:
    """Return the time of the run, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _git(*arguments: str) -> str:
    try:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _field(file: str, name: str) -> str:
    found = re.search(rf"^{name}\s*:\s*(.+)$", Path(file).read_text(), re.M)
    return found[1] if found else "0"
