"""Whether the machine at hand is slow in a recipe's precision."""

from pathlib import Path

import keras

_CPUINFO = Path("/proc/cpuinfo")
_X86_FLAGS = "\nflags"
_WITH_BFLOAT16 = (" avx512bw", " avx_ne_convert")  # and what came after AVX-512 has these as well


def warning(precision: str, cpuinfo: Path = _CPUINFO) -> str | None:
    """Return what to tell whoever trains in this precision; None where nothing speaks against it.

    On a processor TensorFlow computes by oneDNN, whose bfloat16 wants AVX-512, or the late form of AVX2
    (https://uxlfoundation.github.io/oneDNN/dev_guide_data_types.html); without, TensorFlow's own loops do it,
    many times slower. JAX loses nothing there.

    Args:
        precision: a recipe's ``fit.precision``.
        cpuinfo: what Linux tells of the processor; elsewhere there is no such file, and nothing is known.
    """
    if precision == "float32" or keras.backend.backend() != "tensorflow" or _on_an_accelerator():
        return None
    try:
        told = cpuinfo.read_text()
    except OSError:
        return None
    if _X86_FLAGS not in told or any(flag in told for flag in _WITH_BFLOAT16):
        return None
    return (
        f"Slow: fit.precision is {precision}, which TensorFlow computes many times slower than float32 on a "
        "processor without AVX-512, as this one is. --set fit.precision=float32 trains nearly the same model."
    )


def _on_an_accelerator() -> bool:
    return any(not device.startswith("cpu") for device in keras.distribution.list_devices())
