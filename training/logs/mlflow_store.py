"""MLflow's client, quiet and quick to give up; the only module that imports `mlflow` first.

Since 3.2 MLflow reports its use to its makers by default (mlflow.org/docs/latest/community/usage-tracking).
The variable must be set before the library is loaded; then nothing is collected, written or sent.
"""

import os
from pathlib import Path
from typing import Any

from modiste.writable import nearest_folder, try_writing

# What a user has set stands. The library would try a failed call for minutes; a server that has just
# started takes ten seconds for its first answer.
_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
}
_SQLITE = "sqlite:///"


def connect(uri: str) -> Any:
    """Return a client for this store, which a server need not have answered yet.

    Raises:
        OSError: a file of SQLite's has its place where nothing can be written.
        Exception: whatever else the library, and a database's driver, raise of their own.
    """
    if uri.startswith(_SQLITE):  # whose library would try for two minutes, talking of each try
        try_writing(nearest_folder(Path(plain(uri).removeprefix(_SQLITE)).absolute().parent))
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    return MlflowClient(uri)


def plain(uri: str) -> str:
    """Return the address without the user, the password and the options that it may hold."""
    scheme, separator, rest = uri.partition("?")[0].partition("://")
    if not separator:
        return scheme
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def reason(error: BaseException, uri: str) -> str:
    """Return why a store failed, in one line, without the address's secrets.

    Of a chain of errors it is the operating system's, if there is one: "Connection refused".
    """
    told, cause = error, error.__cause__ or error.__context__
    while cause:
        told = cause if isinstance(cause, OSError) else told
        cause = cause.__cause__ or cause.__context__
    words = (isinstance(told, OSError) and told.strerror) or str(told) or type(told).__name__
    return words.replace(uri, plain(uri)).strip().partition("\n")[0].rstrip(".")
