"""What the OpenAPI document says of answers holds, whatever is asked: what it allows, and what it does not.

schemathesis makes the requests from the document: valid ones, and ones that break it in one place.
"""

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from operating import make_key
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup

from tests.http.sockets import Running

CHECKS = schemathesis.checks.CHECKS
load_all_checks()
# Not that all that the document allows is accepted: only the model knows which shapes and values fit it.
PROMISED = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
UNLOADS = "/unload"  # what comes after it would find no model


BOTH = tuple(GenerationMode)
VALID = (GenerationMode.POSITIVE,)


def broken_promises(port: int, examples: int, modes=VALID, **headers: str) -> list[str]:
    """Ask every operation so many times in each way; return what did not hold."""
    document = schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
    broken = []
    for found in document.get_all_operations():
        operation = found.ok()
        if headers and operation.path.endswith(UNLOADS):
            continue
        # A plain name cannot be broken: every text is one.
        breakable = bool(operation.body) or "{version}" in operation.path
        for mode in modes if breakable else VALID:
            try:
                ask(operation, mode, examples, headers)
            except FailureGroup as failures:
                broken += [f"{operation.label}: {one}" for one in failures.exceptions]
    return broken


def ask(operation, mode: GenerationMode, examples: int, headers: dict[str, str]) -> None:
    @seed(7)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode))
    def once(case) -> None:
        case.headers = {**(case.headers or {}), **headers}
        case.validate_response(case.call(), checks=PROMISED)

    try:
        once()
    except Unsatisfiable:
        assert mode not in VALID  # nothing can be broken in an operation without parameters


def test_for_a_server_without_keys(settings):
    server = Running(settings)
    assert broken_promises(server.port, 4, BOTH) == []
    server.stop()


def test_for_one_that_needs_keys_and_a_client_without_any(settings, tmp_path):
    make_key(tmp_path / "keys.json", "operator", "admin")
    changes = {"keys_file": tmp_path / "keys.json", "require_keys": "predict,evaluate"}
    server = Running(settings.model_copy(update=changes))
    assert broken_promises(server.port, 1) == []
    server.stop()


def test_for_a_client_that_may_do_everything(settings, tmp_path):
    headers = make_key(tmp_path / "keys.json", "operator", "predict", "evaluate", "admin")
    server = Running(settings.model_copy(update={"keys_file": tmp_path / "keys.json"}))
    assert broken_promises(server.port, 2, **headers) == []
    server.stop()
