"""The second step for a ``.keras`` file: a zip archive with exactly the members that Keras writes.

Keras reads the *last* of two members with one name and scanners read the first, so each name may
stand once; and every size that the directory claims is checked before memory is set aside for it.
"""

import io
import struct
import zipfile
import zlib

from modiste.reading.errors import Reason, Refused, shown

CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"
MEMBERS = (CONFIG, METADATA, WEIGHTS)

# The end-of-directory record that closes an archive: signature, two disk numbers, entries on this
# disk, entries, size and offset of the directory, length of the comment.
_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_LOCATOR_BYTES = 20
_ENCRYPTED = 0x1
_KNOWN_COMPRESSION = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MOST_COMPRESSION = 200  # times: trained weights reach 1.1, zeros 1,000
_SMALL_BYTES = 1024 * 1024  # below this a member may be all zeros


def read_members(data: bytes, max_json_bytes: int, max_weights_bytes: int) -> dict[str, bytes]:
    """Return the content of each of `MEMBERS`.

    Raises:
        Refused: the archive is damaged, holds other members or one twice, or passes a limit.
    """
    _check_directory(data)
    limits = {CONFIG: max_json_bytes, METADATA: max_json_bytes, WEIGHTS: max_weights_bytes}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_members(archive.infolist())
            # Each is checked before one is unpacked.
            for info in archive.infolist():
                _check_member(info, limits[info.filename], len(data))
            return {info.filename: _read(archive, info) for info in archive.infolist()}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, struct.error) as error:
        raise Refused(Reason.ARCHIVE_DAMAGED, "the archive is damaged or was cut short") from error


def _check_directory(data: bytes) -> None:
    """Count the entries from the closing record, before `zipfile` builds an object for each."""
    if len(data) < _END.size or data[-_END.size :][:4] != _END_SIGNATURE:
        raise Refused(
            Reason.ARCHIVE_DAMAGED,
            "the archive's directory is missing: it was cut short, or goes on after its end",
        )
    *_, entries, size, offset, _comment = _END.unpack(data[-_END.size :])
    if (
        data[-_END.size - _ZIP64_LOCATOR_BYTES :][:4] == _ZIP64_LOCATOR
        or offset + size != len(data) - _END.size
    ):
        raise Refused(
            Reason.ARCHIVE_DAMAGED, "the archive's directory does not stand where its last record says"
        )
    # `zipfile` believes the size, not the count: three entries with room for times and rights.
    if entries > len(MEMBERS) or size > 4096:
        raise Refused(
            Reason.ARCHIVE_MEMBERS, f"expected {len(MEMBERS)} members ({', '.join(MEMBERS)}), found {entries}"
        )


def _check_members(infos: list[zipfile.ZipInfo]) -> None:
    names = [info.filename for info in infos]
    for name in names:
        if names.count(name) > 1:
            raise Refused(
                Reason.ARCHIVE_DUPLICATE, f"the member {shown(name)} stands in the archive more than once"
            )
        if name not in MEMBERS:
            raise Refused(Reason.ARCHIVE_MEMBERS, f"the member {shown(name)} is none that Keras writes")
    if missing := [name for name in MEMBERS if name not in names]:
        raise Refused(Reason.ARCHIVE_MEMBERS, f"the archive has no member {missing[0]}")


def _check_member(info: zipfile.ZipInfo, limit: int, archive_bytes: int) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise Refused(Reason.ARCHIVE_ENCRYPTED, f"the member {info.filename} is encrypted")
    if info.compress_type not in _KNOWN_COMPRESSION:
        raise Refused(
            Reason.ARCHIVE_DAMAGED,
            f"the member {info.filename} is compressed in a way that Keras does not write",
        )
    if info.file_size > limit:
        reason = Reason.WEIGHTS_TOO_LARGE if info.filename == WEIGHTS else Reason.JSON_TOO_LARGE
        raise Refused(reason, f"the member {info.filename} has {info.file_size} bytes; the limit is {limit}")
    # What is stored is what the directory claims, and never more than there is.
    stored = min(info.compress_size, archive_bytes)
    if info.file_size > max(_SMALL_BYTES, stored * _MOST_COMPRESSION):
        raise Refused(
            Reason.ARCHIVE_COMPRESSED,
            f"the member {info.filename} unpacks from {stored} bytes to {info.file_size}",
        )


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    # Never more than was checked, whatever the member's own header claims.
    with archive.open(info) as member:
        return member.read(info.file_size)
