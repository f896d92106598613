"""``modiste serve``: start the service."""

import logging
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

logger = logging.getLogger(__name__)

_OPTIONS = {
    "artifacts_dir": "ARTIFACTS",
    "http_host": "--host",
    "http_port": "--port",
    "http_workers": "--workers",
    "default_model": "--default-model",
    "engine": "--engine",
}


def serve(
    artifacts: Annotated[
        Path | None,
        typer.Argument(
            help="Folders MODEL/VERSION, or .keras and .h5 files (artifacts).", show_default=False
        ),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one (8000).")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes (1).")] = None,
    default_model: Annotated[
        str | None, typer.Option(help="The model that /predict asks (the only one, or fashion_mnist).")
    ] = None,
    engine: Annotated[str | None, typer.Option(help="auto, onnx or keras (auto).")] = None,
) -> None:
    """Serve the models of a folder over HTTP.

    Every other setting is an environment variable with the prefix MODISTE_ (see docs/settings.md).
    """
    # Imported here: the other commands need no web server.
    from pydantic import ValidationError

    from service.keys import Keys, KeysUnreadable
    from service.server import CannotListen, bind, certificate_of, configure_logging, run_worker
    from service.settings import Settings, unknown_names
    from service.supervisor import Supervisor
    from service.tls import CertificateUnreadable

    console = Console(stderr=True, soft_wrap=True)
    given: dict[str, Any] = {
        "artifacts_dir": artifacts,
        "http_host": host,
        "http_port": port,
        "http_workers": workers,
        "default_model": default_model,
        "engine": engine,
    }
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            message = problem["msg"].removeprefix("Value error, ")
            if problem["loc"]:  # or it is of several settings, and names them
                name = str(problem["loc"][0])
                where = _OPTIONS[name] if given.get(name) is not None else f"MODISTE_{name.upper()}"
                message = f"{where}: {message}"
            console.print(f"[red]error:[/] {message}", highlight=False)
        raise typer.Exit(2) from error
    as_json = settings.log_format == "json"
    if as_json:
        configure_logging(settings)
    for name, nearest in unknown_names(os.environ).items():
        warning = f"{name} is no setting" + (f"; did you mean {nearest}?" if nearest else "")
        if as_json:
            logger.warning("%s", warning)
        else:
            console.print(f"[yellow]warning:[/] {warning}", highlight=False)
    if settings.traces:
        try:
            import service.tracing  # noqa: F401
        except ImportError as error:
            need = r"[red]error:[/] MODISTE_TRACES: traces need the extra otel: pip install 'modiste\[otel]'"
            console.print(need, highlight=False)
            raise typer.Exit(2) from error
    if not settings.artifacts_dir.is_dir():
        console.print(f"[red]error:[/] there is no folder {settings.artifacts_dir}", highlight=False)
        raise typer.Exit(2)
    try:
        Keys.open(settings.keys_file)
    except KeysUnreadable as error:
        console.print(f"[red]error:[/] MODISTE_KEYS_FILE: {error}", highlight=False)
        raise typer.Exit(2) from error
    try:
        certificate_of(settings)
    except CertificateUnreadable as error:
        console.print(f"[red]error:[/] MODISTE_TLS_CERTIFICATE: {error}", highlight=False)
        raise typer.Exit(2) from error
    try:
        listener = bind(settings.http_host, settings.http_port)
    except CannotListen as error:
        console.print(f"[red]error:[/] {error}", highlight=False)
        raise typer.Exit(1) from error
    address = listener.getsockname()
    shown = f"[{address[0]}]" if ":" in address[0] else address[0]
    scheme = "http" if settings.tls_certificate is None else "https"
    where = f"{scheme}://{shown}:{address[1]}"
    if as_json:
        logger.info("Serving on %s", where)
    else:
        console.print(
            f"Serving {settings.artifacts_dir} on {where}  (open it; API at /docs; Ctrl-C stops)",
            highlight=False,
        )
        configure_logging(settings)
    if settings.http_workers == 1:
        run_worker(settings, listener)
        return
    raise typer.Exit(Supervisor(settings, listener).run())
