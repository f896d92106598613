"""One worker: uvicorn, with our own way to stop: not ready at once, accept a little longer, drain, end."""

import asyncio
import errno
import faulthandler
import functools
import logging
import signal
import socket
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

import uvicorn

from service import logs, open_files
from service.app import LIFECYCLE, compose
from service.connection.limits import ConnectionLimits
from service.connection.observed import ObservedProtocol
from service.connection.protocol import Protocol
from service.pulse import Pulse
from service.run_folder import Place
from service.security_headers import EVERY_ANSWER
from service.settings import Settings
from service.tls import Certificate

logger = logging.getLogger(__name__)

_BACKLOG = 2048
_ACCEPTED_AT_ONCE = 16
_TICKS_A_SECOND = 10  # of uvicorn's main loop


class CannotListen(Exception):
    """The address cannot be had; the message names it and says what to do."""


def bind(host: str, port: int) -> socket.socket:
    """Return a bound socket that does not listen yet: it opens when the application can answer.

    Raises:
        CannotListen: another program has the port, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise CannotListen(
                f"port {port} on {host} is in use by another program: stop it, or choose another port "
                "with --port (make serve PORT=...)"
            ) from error
        raise CannotListen(f"cannot listen on {host} port {port}: {error.strerror}") from error
    listener.set_inheritable(True)
    listener.setblocking(False)
    return listener


def listeners(listener: socket.socket) -> list[socket.socket]:
    """Return so many sockets of one address that many clients are accepted at once.

    libuv accepts one connection of a listener in each round of the loop: with a round of some milliseconds
    under load, the last of many new clients would wait for them all.
    """
    # Whether it blocks is shared by all workers. The copy in a new worker takes itself for blocking, and its
    # duplicates would make it so: a worker that finds a connection taken would hang in accept().
    listener.setblocking(False)
    return [listener, *(listener.dup() for _ in range(_ACCEPTED_AT_ONCE - 1))]


class Server(uvicorn.Server):
    """One worker.

    uvicorn closes its listener as soon as it gets SIGTERM, before a load balancer has seen that the
    server is going (Kludex/uvicorn#2414). Here readiness turns false at once, and the listener
    closes after the drain delay. A second signal skips the wait.
    """

    def __init__(
        self,
        settings: Settings,
        place: Place | None = None,
        line: "Connection[Any, Any] | None" = None,
    ) -> None:
        super().__init__(_config(settings, place))
        self._drain_delay_s = settings.drain_delay_ms / 1000
        self._pulse = Pulse(settings.hang_timeout_ms / 1000, line)
        self._certificate = certificate_of(settings)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal ends it."""
        with self._pulse.running():
            await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Receive SIGTERM or SIGINT; asyncio's signal wake-up runs this between two callbacks."""
        lifecycle = self.lifespan.state.get(LIFECYCLE) if self.started else None
        if lifecycle is None or lifecycle.stopping:
            self.force_exit = self.should_exit and sig == signal.SIGINT
            self.should_exit = True
            return
        lifecycle.stopping = True
        if self._drain_delay_s:
            logger.info("not ready any more; requests are accepted for %.1f s", self._drain_delay_s)
        asyncio.get_running_loop().call_later(self._drain_delay_s, self._leave)

    def _leave(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the listener, with TLS where there is a certificate."""
        if self._certificate is not None:
            self.config.ssl = self._certificate.context
        await super().startup(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Look once a second whether the certificate was renewed."""
        if self._certificate is not None and counter % _TICKS_A_SECOND == 0:
            self._certificate.look_again()
        return await super().on_tick(counter)


def certificate_of(settings: Settings) -> Certificate | None:
    """Return the certificate to serve with; None where there is to be no TLS.

    Raises:
        CertificateUnreadable: it is missing or damaged, or its key does not belong to it.
    """
    if settings.tls_certificate is None:
        return None
    return Certificate.open(settings.tls_certificate, settings.tls_key)


def run_worker(
    settings: Settings,
    listener: socket.socket,
    place: Place | None = None,
    line: "Connection[Any, Any] | None" = None,
) -> None:
    """Serve on a bound socket until a signal ends it. The entry point of a worker process.

    Args:
        settings: of the server.
        listener: bound, and listening or not.
        place: among several workers; None where there is one only, or no folder for several to share.
        line: to the supervisor; None where there is none.
    """
    configure_logging(settings, place)
    faulthandler.enable()  # where it crashes, or is ended because it hangs, the log tells where it was
    open_files.allow(settings.max_connections)
    Server(settings, place, line).run(sockets=listeners(listener))


def configure_logging(settings: Settings, place: Place | None = None) -> None:
    """Log to standard error, one line an event."""
    handler = logging.StreamHandler()
    as_json = settings.log_format == "json"
    worker = None if place is None else place.number
    handler.setFormatter(logs.JsonLines(worker) if as_json else logs.text(settings.http_workers > 1))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(as_json)
    # What uvicorn says of its own start and stop repeats ours; what it says of a damaged request, and the
    # form parser of a damaged form, is in the answer to it, and would let any client fill the log.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)


def _config(settings: Settings, place: Place | None) -> uvicorn.Config:
    app, predictor, past_asgi, observers = compose(settings, place)
    protocol = functools.partial(ObservedProtocol, observers) if observers else Protocol
    limits = ConnectionLimits(
        connections=settings.max_connections,
        url_bytes=settings.max_url_bytes,
        headers=settings.max_headers,
        head_bytes=settings.max_head_bytes,
        read_timeout_s=settings.read_timeout_ms / 1000,
        write_timeout_s=settings.write_timeout_ms / 1000,
    )
    return uvicorn.Config(
        app,
        http=functools.partial(protocol, predictor, past_asgi, limits),  # type: ignore[arg-type]
        loop="auto",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        headers=list(EVERY_ANSWER),
        backlog=_BACKLOG,
        root_path=settings.root_path,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        timeout_graceful_shutdown=max(1, round(settings.grace_period_ms / 1000)),
    )
