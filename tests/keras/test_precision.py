"""A recipe in bfloat16 says where it would be slow; TensorFlow on a processor is what runs here."""

import pytest

from training.model.precision import warning

X86 = "processor\t: 0\nmodel name\t: one\nflags\t\t: fpu vme avx avx2{} rdseed\nbugs\t\t:\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16\n"


@pytest.fixture
def cpuinfo(tmp_path):
    def write(told: str):
        (tmp_path / "cpuinfo").write_text(told)
        return tmp_path / "cpuinfo"

    return write


def test_bfloat16_without_avx512_is_told_with_what_to_do(cpuinfo):
    told = warning("mixed_bfloat16", cpuinfo(X86.format("")))
    assert told is not None
    assert told.startswith("Slow: fit.precision is mixed_bfloat16") and "--set fit.precision=float32" in told


@pytest.mark.parametrize("flags", [" avx512f avx512bw", " avx_ne_convert"])
def test_a_processor_that_has_it_is_not(cpuinfo, flags):
    assert warning("mixed_bfloat16", cpuinfo(X86.format(flags))) is None


def test_float32_is_not(cpuinfo):
    assert warning("float32", cpuinfo(X86.format(""))) is None


def test_nothing_is_said_where_nothing_is_known(cpuinfo, tmp_path):
    assert warning("mixed_bfloat16", cpuinfo(ARM)) is None
    assert warning("mixed_bfloat16", tmp_path / "none") is None
