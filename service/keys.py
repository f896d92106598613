"""API keys: who may ask for predictions, evaluations and metrics, and who may manage models.

The file holds the SHA-256 of each key. That is enough: a key is 256 random bits, so that there is nothing to
guess, against which a password needs a slow hash with salt. Several keys may hold one scope, so that
a new one can be handed out before the old one is removed.
"""

import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Callable, Collection
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from service.errors import Forbidden, Unauthorized
from service.http_types import Headers

logger = logging.getLogger(__name__)

_PREFIX = "modiste_"  # by which scanners for leaked secrets know one
_LOOK_AGAIN_S = 1.0
_MAX_BYTES = 1024 * 1024


class Scope(StrEnum):
    """What a key allows."""

    PREDICT = "predict"  # needed as soon as one key has it, or where a setting says so
    EVALUATE = "evaluate"  # the same
    METRICS = "metrics"  # the same
    ADMIN = "admin"  # always needed: labels, loading and unloading


class Key(BaseModel):
    """What is kept of a key."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]
    created_at: datetime


class KeyFile(BaseModel):
    """The document that holds the keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Literal[1] = 1
    keys: tuple[Key, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({key.name for key in self.keys}) < len(self.keys):
            raise ValueError("two keys have one name")
        return self

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the document.

        Raises:
            KeysUnreadable: it is damaged.
        """
        if len(data) > _MAX_BYTES:
            raise KeysUnreadable(f"the file of keys has more than {_MAX_BYTES} bytes")
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "document"
            raise KeysUnreadable(f"the file of keys is damaged at {where}: {first['msg']}") from error


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file of keys, one more than allowed at most.

    Raises:
        KeysUnreadable: it is missing, or may not be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise KeysUnreadable(f"the file of keys, {path}, cannot be read: {error.strerror}") from error


class KeysUnreadable(Exception):
    """The file of keys is missing, damaged, or may not be read; the message says which."""


def new_key() -> str:
    """Return a new key: 256 random bits as text that needs no quoting."""
    return _PREFIX + secrets.token_urlsafe(32)


def sha256_of(key: bytes) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key).hexdigest()


class Keys:
    """The keys that count now. The file is read again when it changes, looked at once a second at most."""

    def __init__(
        self,
        path: Path | None,
        clock: Callable[[], float] = time.monotonic,
        required: Collection[str] = (),
    ) -> None:
        self._path = path
        self._required = frozenset(map(Scope, required))
        self._clock = clock
        self._looked_at = clock()
        self._data: bytes | None = None
        self._told: str | None = None
        self._keys: tuple[Key, ...] = ()
        self._scopes = self._required

    @classmethod
    def open(
        cls,
        path: Path | None,
        clock: Callable[[], float] = time.monotonic,
        required: Collection[str] = (),
    ) -> Self:
        """Return the keys of a file; none where no file is named.

        Args:
            path: of the file.
            clock: seconds.
            required: scopes that are needed even where no key has them.

        Raises:
            KeysUnreadable: a file is named, and is missing or damaged.
        """
        keys = cls(path, clock, required)
        if path is not None:
            keys._read(path)
        return keys

    def require(self, headers: Headers, scope: Scope) -> str | None:
        """Check that a request has a key with a scope, where one is needed; return the name of the key.

        Raises:
            Unauthorized: it has none, or an unknown one.
            Forbidden: its key does not have the scope; or it asks for admin, and no key is set at all.
        """
        if self._path is not None and self._clock() - self._looked_at >= _LOOK_AGAIN_S:
            self._look_again(self._path)
        if scope is Scope.ADMIN and not self._keys:
            raise Forbidden(
                "admin routes are closed: this server was started without a file of keys, MODISTE_KEYS_FILE"
                if self._path is None
                else "admin routes are closed: no key is set"
            )
        if scope is not Scope.ADMIN and scope not in self._scopes:
            return None
        key = self._find(headers.get(b"authorization", b""))
        if scope not in key.scopes:
            raise Forbidden(f"key {key.name!r} does not have the scope {scope}")
        return key.name

    def has(self, scope: Scope) -> bool:
        """Whether any key has a scope."""
        return any(scope in key.scopes for key in self._keys)

    def _find(self, authorization: bytes) -> Key:
        kind, _, given = authorization.partition(b" ")
        if kind.lower() != b"bearer" or not given.strip():
            raise Unauthorized("a key is needed: send the header Authorization: Bearer KEY")
        digest = sha256_of(given.strip())
        # All are compared, each in constant time: how long it takes tells nothing of any of them.
        found = [key for key in self._keys if hmac.compare_digest(key.sha256, digest)]
        if not found:
            raise Unauthorized("the key of this request is not known here")
        return found[0]

    def _look_again(self, path: Path) -> None:
        self._looked_at = self._clock()
        try:
            self._read(path)
            self._told = None
        except KeysUnreadable as error:
            if str(error) != self._told:
                logger.error("%s; the keys that were read last go on to count", error)
                self._told = str(error)

    def _read(self, path: Path) -> None:
        data = read_bytes(path)
        if data == self._data:
            return
        self._keys = KeyFile.parse(data).keys
        self._data = data
        self._scopes = self._required.union(*(key.scopes for key in self._keys))
        needed = ", ".join(sorted(self._scopes | {Scope.ADMIN}))
        logger.info("keys that are set: %d; a key is needed for: %s", len(self._keys), needed)
