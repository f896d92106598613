"""The second step: a zip archive that is exactly what Keras writes."""

import io
import struct
import warnings
import zipfile
from pathlib import Path

import model_files as files
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modiste.reading import ReadingLimits, Reason, Refused
from modiste.reading.archive import read_members
from modiste.reading.model_file import read

MIB = 1024 * 1024


def reason_of(data: bytes) -> Reason:
    with pytest.raises(Refused) as caught:
        read_members(data, MIB, MIB)
    return caught.value.reason


def without(name: str) -> dict[str, bytes]:
    return {member: data for member, data in files.members().items() if member != name}


@pytest.mark.parametrize("name", files.members())
def test_every_member_is_needed(name: str) -> None:
    assert reason_of(files.keras_bytes(without(name))) is Reason.ARCHIVE_MEMBERS


def test_a_member_that_keras_does_not_write_is_refused() -> None:
    content = without("metadata.json") | {"assets/vocabulary.txt": b"cat"}
    assert reason_of(files.keras_bytes(content)) is Reason.ARCHIVE_MEMBERS


def test_two_members_of_one_name_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("config.json", "config.json", "model.weights.h5"):
            archive.writestr(name, b"{}")
    assert reason_of(buffer.getvalue()) is Reason.ARCHIVE_DUPLICATE


def test_fifty_thousand_members_are_counted_not_listed() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(50_000):
            archive.writestr(str(number), b"")
    assert reason_of(buffer.getvalue()) is Reason.ARCHIVE_MEMBERS


def test_an_encrypted_member_is_refused() -> None:
    data = bytearray(files.keras_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    assert reason_of(bytes(data)) is Reason.ARCHIVE_ENCRYPTED


def test_a_member_larger_than_its_limit_is_refused_before_it_is_unpacked() -> None:
    data = files.keras_bytes(files.members() | {"config.json": bytes(64 * MIB)}, zipfile.ZIP_DEFLATED)
    assert len(data) < MIB
    assert reason_of(data) is Reason.JSON_TOO_LARGE


def test_weights_larger_than_their_limit_are_refused() -> None:
    data = files.keras_bytes(files.members() | {"model.weights.h5": bytes(2 * MIB)})
    assert reason_of(data) is Reason.WEIGHTS_TOO_LARGE


def test_a_member_that_claims_less_than_it_unpacks_to_is_refused() -> None:
    data = bytearray(
        files.keras_bytes(files.members() | {"config.json": bytes(4 * MIB)}, zipfile.ZIP_DEFLATED)
    )
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(b"config.json", data.index(signature)) - (30 if signature == b"PK\x03\x04" else 46)
        data[at + offset : at + offset + 4] = struct.pack("<L", 100)
    assert reason_of(bytes(data)) is Reason.ARCHIVE_DAMAGED


def test_bytes_behind_the_archive_are_refused() -> None:
    assert reason_of(files.keras_bytes() + bytes(10)) is Reason.ARCHIVE_DAMAGED


def test_bytes_before_the_archive_are_refused() -> None:
    assert reason_of(b"PK\x03\x04" + files.keras_bytes()) is Reason.ARCHIVE_DAMAGED


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_cut_or_changed_file_is_read_or_refused_and_nothing_else(
    tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(files.keras_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = files.written(tmp_path, bytes(content[: data.draw(st.integers(0, len(content)))]))
    try:
        read(path, ReadingLimits())
    except Refused as refusal:
        assert refusal.detail
