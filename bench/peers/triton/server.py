"""NVIDIA Triton with its Python backend, started from the wheel of PyTriton.

The wheel holds Triton's own program and its Python backend, in a layout that Triton does not look for, so
the backend is laid out here. Triton's ONNX backend is in no package, only in containers of many
gigabytes; the graph runs in the Python backend instead. PyTriton's own way to bind a function is left
aside: it adds a process and shared memory between Triton and the model, and is several times slower.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

import pytriton

HERE = Path(__file__).parent
TRITON = Path(pytriton.__file__).parent / "tritonserver"


BACKENDS = Path(sys.prefix) / "triton-backends"


def lay_out() -> None:
    """Put the backend's library beside the stub for this version of Python."""
    folder = BACKENDS / "python"
    folder.mkdir(parents=True, exist_ok=True)
    stub = TRITON / f"python_backend_stubs/{sys.version_info.major}.{sys.version_info.minor}"
    for file in [*(TRITON / "backends/python").iterdir(), stub / "triton_python_backend_stub"]:
        with suppress(FileExistsError):
            (folder / file.name).symlink_to(file)


if __name__ == "__main__":
    lay_out()
    environment = os.environ | {
        # The stub loads the interpreter's library, which may be of another release where the system has one.
        "LD_LIBRARY_PATH": f"{sys.base_prefix}/lib:{TRITON.parents[1] / 'nvidia_pytriton.libs'}",
        # Its packages are those of the first python3 on the path.
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    options = [
        f"--model-repository={HERE / 'models'}",
        f"--backend-directory={BACKENDS}",
        "--http-address=127.0.0.1",
        f"--http-port={sys.argv[1]}",
        "--disable-auto-complete-config",
        "--allow-grpc=false",
        "--allow-metrics=false",
    ]
    os.execve(TRITON / "bin/tritonserver", ["tritonserver", *options], environment)
