"""A short run of the fuzzer: that it works, and that nothing comes of its first files but readings and refusals."""

from bench.fuzz_files import case, fuzz
from modiste.reading import Reason


def test_every_mutated_file_is_read_or_refused(tmp_path) -> None:
    found = fuzz(1, files=150, keep=tmp_path / "found")
    assert found.tried == 150
    assert found.wrong == {} and not (tmp_path / "found").exists()
    assert found.verdicts.total() == 150 and set(found.verdicts) <= set(Reason)
    assert len(found.verdicts) > 5, "the mutations reach every step"
    assert found.worst_mib < 1024


def test_a_seed_makes_the_same_files_again() -> None:
    assert case(3, 4) == case(3, 4) != case(3, 5)
    assert case(3, 4) != case(4, 4)
