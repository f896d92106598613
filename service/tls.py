"""The certificate by which clients know this server, and its renewal without a restart."""

import logging
import ssl
from pathlib import Path
from typing import Self

logger = logging.getLogger(__name__)

_PROTOCOLS = ["http/1.1"]


class CertificateUnreadable(Exception):
    """A certificate or its key is missing or damaged, or they are no pair; the message says which."""


class Certificate:
    """A certificate and its key in PEM files, which are read again when they change."""

    def __init__(self, certificate: Path, key: Path | None) -> None:
        self._certificate = certificate
        self._key = key
        self._seen: object = None
        self._told: str | None = None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # TLS 1.2 and later
        self.context.set_alpn_protocols(_PROTOCOLS)

    @classmethod
    def open(cls, certificate: Path, key: Path | None) -> Self:
        """Return the certificate of these files; `key` is None where it is in the same file.

        Raises:
            CertificateUnreadable: it cannot be served with.
        """
        opened = cls(certificate, key)
        opened._read()
        return opened

    def look_again(self) -> None:
        """Serve new clients with what is in the files now; where that cannot be read, with what was."""
        if self._stamp() == self._seen:
            return
        try:
            self._read()
        except CertificateUnreadable as error:
            if str(error) != self._told:
                logger.error("%s; the certificate that was read last goes on to count", error)
                self._told = str(error)
        else:
            self._told = None
            logger.info("the certificate was renewed")

    def _read(self) -> None:
        stamp = self._stamp()
        # Tried on another context: a half of a pair would spoil the one that clients are served with.
        _load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), self._certificate, self._key)
        _load(self.context, self._certificate, self._key)
        self._seen = stamp

    def _stamp(self) -> object:
        """What changes when one of the files is written or replaced."""
        found = []
        for path in (self._certificate, self._key):
            try:
                status = None if path is None else path.stat()
            except OSError:
                return None
            found.append(status and (status.st_ino, status.st_size, status.st_mtime_ns))
        return found


def _load(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        context.load_cert_chain(certificate, key, _no_password)
    except ssl.SSLError as error:
        what = f"the certificate in {certificate} and its key cannot be served with"
        reason = (error.reason or "damaged").lower().replace("_", " ")
        raise CertificateUnreadable(f"{what}: {reason}") from error
    except OSError as error:
        named = certificate if key is None else f"{certificate} or {key}"
        raise CertificateUnreadable(f"{named} cannot be read: {error.strerror}") from error


def _no_password() -> str:
    raise CertificateUnreadable(
        "the key is encrypted; give one without a password, readable by the server alone"
    )
