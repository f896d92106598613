"""A virtual environment for each peer, installed from its lock file and kept in the cache folder.

The peers' requirements contradict each other's and ours, so none of them is ever installed beside the
project. uv installs where it is, pip where it is not; both refuse a package whose hash is not in the lock.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PYTHON = "3.11"
"""The oldest Python that the locks are for; not every peer has wheels for the newest."""

REMAKE = "python -m bench.peers lock"


def cache() -> Path:
    """Where the environments lie: a folder that may be deleted at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modiste-bench"


def lock_file(name: str) -> Path:
    """The peer's requirements: every package with its version and hashes."""
    return HERE / name / "requirements.txt"


def executable(name: str, program: str) -> Path:
    """A program of the peer's environment, such as ``python``."""
    return cache() / name / "bin" / program


def install(name: str) -> None:
    """Make the peer's environment, unless it was made from the very same lock.

    Raises:
        subprocess.CalledProcessError: The installer failed; what it said is on the terminal.
    """
    folder, requirements = cache() / name, lock_file(name)
    stamp, digest = folder / "lock.sha256", hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest:
        return
    print(f"installing {name} into {folder} (once; minutes, for the large ones) ...", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)  # what an older lock asked for would stay otherwise
    python = folder / "bin" / "python"
    if uv := shutil.which("uv"):
        make: list[str | Path] = [uv, "venv", "--quiet", "--python", sys.executable]
        fill: list[str | Path] = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
    else:
        make = [sys.executable, "-m", "venv"]
        fill = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*make, folder], check=True)
    subprocess.run([*fill, "--require-hashes", "-r", requirements], check=True)
    stamp.write_text(digest)


def lock(name: str, packages: tuple[str, ...]) -> None:
    """Resolve the peer's packages anew, to the newest releases; needs uv."""
    options = (
        f"--quiet --universal --upgrade --python-version {PYTHON} --generate-hashes --no-annotate "
        "--no-emit-index-url"
    )
    command = ["uv", "pip", "compile", *options.split(), "--custom-compile-command", REMAKE]
    subprocess.run(
        [*command, "-", "--output-file", lock_file(name)],
        input="\n".join(packages),
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def locked_version(name: str, package: str) -> str:
    """The version of a package in the peer's lock."""
    for line in lock_file(name).read_text().splitlines():
        if line.startswith(f"{package}=="):
            return line.removeprefix(f"{package}==").split()[0]
    raise LookupError(f"no {package} in {lock_file(name)}")
