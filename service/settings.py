"""Every setting of the service, read once from the environment by who starts it.

Parts get the small value objects that they need, never this. The prefix is the product's name, and
the port is ``HTTP_PORT``: an orchestrator sets ``MODISTE_PORT=tcp://...`` for a service called modiste.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from modiste.prepare.limit_settings import ModelFileSettings
from service.batching.admission import BatchPolicy
from service.codecs.bodies import InputLimits
from service.repository.version_policy import NewestOrAll

PREFIX = "MODISTE_"

_MIB = 1024 * 1024


def state_home() -> Path:
    """Where state is kept unless it is set."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "modiste"


class Settings(ModelFileSettings):
    """Limits are per worker. A value out of its bounds stops the start."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    http_host: str = Field("127.0.0.1", description="address to listen on")
    http_port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    http_workers: int = Field(1, ge=1, le=256, description="worker processes")
    root_path: str = Field("", description="path under which a proxy shows the service, such as `/models`")
    forwarded_allow_ips: str = Field(
        "127.0.0.1", description="proxies whose X-Forwarded-* headers are believed, comma-separated"
    )
    cors_origins: str = Field(
        "", description="origins that browsers may call from, comma-separated; `*` for all"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level logged")
    log_format: Literal["text", "json"] = Field(
        "text", description="`text` for people, `json` for programs: one object a line"
    )
    access_log: bool = Field(False, description="whether each request is logged when it has ended")
    traces: bool = Field(
        False, description="whether requests are traced by OpenTelemetry; needs the extra `otel`"
    )

    artifacts_dir: Path = Field(Path("artifacts"), description="the model repository")
    state_dir: Path = Field(
        default_factory=state_home,
        description="where prepared forms of raw model files, labels and the like are kept",
    )
    keys_file: Path | None = Field(None, description="file of API keys; none: no keys")
    require_keys: str = Field(
        "",
        description="what needs a key even where no key has the scope: `predict`, `evaluate`, or both, "
        "comma-separated",
    )
    tls_certificate: Path | None = Field(
        None, description="PEM file of the server's certificate and those that lead to its root; none: no TLS"
    )
    tls_key: Path | None = Field(
        None, description="PEM file of its private key, where that is not in the same file"
    )
    data_dir: Path | None = Field(None, description="folder of data sets for `/evaluate`, looked in first")
    default_model: str | None = Field(
        None, description="the model of `/predict`; else the only one, else `fashion_mnist`"
    )
    versions_loaded: NewestOrAll = Field(
        2, description="how many of a model's newest versions are served, or `all`"
    )
    watch_interval_ms: int = Field(1000, ge=50, description="how often the model repository is looked at")

    engine: Literal["auto", "onnx", "keras"] = Field(
        "auto", description="`auto` takes ONNX where a version has it and Keras elsewhere"
    )
    keras_backend: Literal["tensorflow", "jax"] = Field(
        "tensorflow", description="backend of the Keras engine"
    )
    onnx_threads: int = Field(1, ge=1, le=256, description="threads of one forward pass of the ONNX engine")
    inline_compute_ms: float = Field(
        0.25,
        ge=0,
        description="batches that take no longer are computed in the event loop, others in a thread",
    )
    prepared_cache_bytes: int = Field(
        2048 * _MIB, ge=1, description="size of the cache of prepared forms; the least recently used go first"
    )

    max_batch_rows: int = Field(256, ge=1, le=65536, description="rows of one forward pass")
    max_rows_in_flight: int = Field(
        16384, ge=1, description="rows of one version admitted and not yet answered"
    )
    max_wait_ms: int = Field(
        1000, ge=1, description="a request that would wait longer for its turn is refused with 429"
    )
    max_rows_per_request: int = Field(10_000, ge=1, description="rows of one request")
    max_connections: int = Field(10_000, ge=1, description="connections that are open at one time")
    max_headers: int = Field(100, ge=10, description="headers of one request")
    max_url_bytes: int = Field(
        8192, ge=256, description="bytes of the URL of one request, its query included"
    )
    max_head_bytes: int = Field(64 * 1024, ge=4096, description="bytes of the headers of one request")
    max_body_bytes: int = Field(64 * _MIB, ge=1024, description="bytes of one request body")
    max_npz_bytes: int = Field(512 * _MIB, ge=1024, description="bytes of one array of an .npz, unpacked")
    max_image_pixels: int = Field(40_000_000, ge=1, description="pixels of one picture, before it is decoded")
    max_files: int = Field(256, ge=1, description="files of one form")
    default_timeout_ms: int = Field(30_000, ge=1, description="deadline of a request that states none")

    read_timeout_ms: int = Field(
        60_000, ge=100, description="how long a request may take to come, from its first byte to its last"
    )
    write_timeout_ms: int = Field(60_000, ge=100, description="how long a client may leave an answer unread")
    hang_timeout_ms: int = Field(
        30_000,
        ge=1000,
        description="a worker whose event loop stands still for so long is ended and replaced",
    )
    drain_delay_ms: int = Field(
        0, ge=0, description="after SIGTERM, how long requests are still accepted while ready says 503"
    )
    grace_period_ms: int = Field(10_000, ge=0, description="after that, how long what is in flight may take")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.max_rows_per_request > self.max_rows_in_flight:
            raise ValueError(
                "MODISTE_MAX_ROWS_PER_REQUEST may not exceed MODISTE_MAX_ROWS_IN_FLIGHT: "
                "so large a request could never be admitted"
            )
        if self.required_scopes - {"predict", "evaluate"}:
            raise ValueError("MODISTE_REQUIRE_KEYS may name predict and evaluate; admin always needs a key")
        if self.required_scopes and self.keys_file is None:
            raise ValueError(
                "MODISTE_REQUIRE_KEYS needs MODISTE_KEYS_FILE: there would be no key to ask with"
            )
        if self.tls_key is not None and self.tls_certificate is None:
            raise ValueError("MODISTE_TLS_KEY needs MODISTE_TLS_CERTIFICATE")
        if self.engine == "keras" and self.http_workers > 1:
            raise ValueError("the keras engine serves with one worker: each would hold the whole model")
        return self

    @property
    def required_scopes(self) -> frozenset[str]:
        """What needs a key whatever the file of keys holds."""
        return frozenset(word.strip() for word in self.require_keys.split(",") if word.strip())

    @property
    def batch_policy(self) -> BatchPolicy:
        """What the batcher of a version needs."""
        return BatchPolicy(self.max_batch_rows, self.max_rows_in_flight, self.max_wait_ms / 1000)

    @property
    def input_limits(self) -> InputLimits:
        """What the codecs need."""
        return InputLimits(
            max_body_bytes=self.max_body_bytes,
            max_rows=self.max_rows_per_request,
            max_image_pixels=self.max_image_pixels,
            max_files=self.max_files,
        )


def unknown_names(environment: Mapping[str, str]) -> dict[str, str | None]:
    """Return the names under our prefix that are no setting, each with the nearest one that is."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name.upper() not in known)
    return {name: next(iter(difflib.get_close_matches(name, known, 1)), None) for name in unknown}
