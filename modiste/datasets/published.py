"""Published files: what is known of them, and the check that what was found is what was published."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from modiste.datasets.errors import UnusableFolderError


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file by its published name and sum; the sum is written ``sha256:...``, ``sha1:...`` or ``md5:...``.

    Publishers choose the algorithm. An old one proves no author, but tells damage and mix-ups; that a
    file is no attack never rests on it: each format is read by a parser that can run no code.
    """

    name: str
    sum: str

    def agrees(self, data: bytes) -> bool:
        """Say whether `data` has the published sum."""
        return digest(data, self._algorithm) == self._expected

    def check(self, data: bytes) -> None:
        """Refuse `data` that has another sum.

        Raises:
            UnusableFolderError: the sums differ; the message has the beginning of both.
        """
        found = digest(data, self._algorithm)
        if found != self._expected:
            raise not_published(self.name, self._algorithm, found, self._expected)

    @property
    def _algorithm(self) -> str:
        return self.sum.partition(":")[0]

    @property
    def _expected(self) -> str:
        return self.sum.partition(":")[2]


def digest(data: bytes, algorithm: str = "sha256") -> str:
    """Return the sum of the bytes in hexadecimal digits."""
    return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()


def not_published(
    name: str, algorithm: str, found: str, expected: str, what: str = "its bytes"
) -> UnusableFolderError:
    """Return the error of a file that holds something else than what was published."""
    spelled = {"sha256": "SHA-256", "sha1": "SHA-1", "md5": "MD5"}[algorithm]
    return UnusableFolderError(
        f"{name} is not the published file: {spelled} of {what} is {found[:12]}..., "
        f"expected {expected[:12]}...; remove it, or is it another data set's?"
    )


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        UnusableFolderError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnusableFolderError(f"{path.name} cannot be read: {error.strerror}") from error
