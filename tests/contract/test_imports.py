"""Imports point one way; the hot start loads no TensorFlow."""

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.models import write_version

ROOT = Path(__file__).parents[2]
PACKAGES = ("modiste", "service", "training")

# What each part of the service may import of the service, from the leaves up.
LAYERS = {
    "errors": set(),
    "signature": set(),
    "rows": set(),
    "http_types": {"errors"},
    "http_errors": {"errors", "http_types"},
    "logs": set(),
    "observing": {"batching", "http_types"},
    "access_log": {"observing"},
    "tracing": {"http_types", "observing"},
    "keys": {"errors", "http_types"},
    "compression": {"errors", "http_types"},
    "open_files": set(),
    "security_headers": {"http_types"},
    "tls": set(),
    "batching": {"batching", "errors", "rows"},
    "codecs": {"codecs", "errors", "rows", "signature"},
    "dialects": {
        "batching",
        "codecs",
        "dialects",
        "errors",
        "http_errors",
        "http_types",
        "rows",
        "signature",
    },
    "engine": {"engine", "errors", "rows", "signature"},
    "run_folder": set(),
    "statistics": {"batching", "errors", "http_types", "run_folder", "statistics"},
    "repository": {
        "batching",
        "engine",
        "errors",
        "repository",
        "rows",
        "run_folder",
        "signature",
        "statistics",
    },
    "evaluation": {"codecs", "errors", "repository", "statistics"},
    "explanation": {"errors", "signature"},
    "prometheus": {"prometheus", "repository", "statistics"},
    "parts": {"codecs", "http_types", "keys", "repository", "statistics"},
    "routes": {
        "codecs",
        "compression",
        "dialects",
        "errors",
        "evaluation",
        "examples",
        "explanation",
        "http_errors",
        "http_types",
        "keys",
        "leaving",
        "parts",
        "prometheus",
        "repository",
        "routes",
        "signature",
        "statistics",
    },
    "timing": {"batching", "http_types"},
    "predictor": {
        "batching",
        "compression",
        "dialects",
        "errors",
        "http_types",
        "keys",
        "repository",
        "rows",
        "statistics",
        "timing",
    },
    "leaving": {"http_types", "rows"},
    "lane": {"compression", "dialects", "http_types", "leaving", "observing", "predictor", "timing"},
    "connection": {
        "batching",
        "compression",
        "connection",
        "dialects",
        "errors",
        "http_errors",
        "http_types",
        "observing",
        "predictor",
        "repository",
        "rows",
        "timing",
    },
    "examples": {"codecs"},
    "openapi": {"codecs", "errors", "examples", "http_errors", "openapi"},
    "settings": {"batching", "codecs", "repository"},
    "app": None,
    "pulse": set(),
    "server": {
        "app",
        "connection",
        "logs",
        "open_files",
        "pulse",
        "run_folder",
        "security_headers",
        "settings",
        "tls",
    },
    "supervisor": {"pulse", "run_folder", "server", "settings"},
}
TRAINING_LAYERS: dict[str, set[str]] = {
    "errors": set(),
    "schema": set(),
    "files": set(),
    "download": set(),
    "starting": set(),
    "toml_file": {"errors", "schema"},
    "catalog": {"errors", "schema", "toml_file"},
    "loading": {"schema"},
    "baseline": {"errors", "schema"},
    "model": {"errors", "schema"},
    "trained": {"schema"},
    "logs": {"errors", "files"},
    "report": {"schema", "trained"},
    "evaluate": {"model", "schema", "trained"},
    "fitting": {"errors", "files", "logs", "schema", "trained"},
    "publishing": {"errors", "files", "model", "report", "trained"},
    "train": {
        "download",
        "evaluate",
        "fitting",
        "loading",
        "logs",
        "model",
        "publishing",
        "schema",
        "trained",
    },
    "sweep_files": {"catalog", "errors", "files", "schema", "toml_file"},
    "sweep": {
        "download",
        "errors",
        "files",
        "fitting",
        "loading",
        "logs",
        "publishing",
        "report",
        "schema",
        "sweep_files",
        "train",
        "trained",
    },
    "course": {
        "baseline",
        "catalog",
        "download",
        "errors",
        "files",
        "fitting",
        "loading",
        "model",
        "report",
        "schema",
        "sweep",
        "train",
        "trained",
    },
}
WEB_FRAMEWORK = {"service.app", "service.parts", "service.routes"}
KERAS = (
    "modiste.prepare",
    "service.engine.jax_forms",
    "service.engine.keras_engine",
    "service.engine.tensorflow_forms",
    "training",
)


@cache
def modules() -> dict[str, Path]:
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in paths
    }


def imported(path: Path, top_level_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else ast.walk(tree)
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            # `from package import module` leans on the module, not on what the package gathers.
            names |= full if full & modules().keys() else full | {node.module}
    return names


def within_any(names, packages) -> bool:
    return any(within(name, packages) for name in names)


def within(name: str, packages) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_imports_only_what_lies_below_it(name):
    found = imported(modules()[name])
    package = name.partition(".")[0]
    if package == "modiste" and not name.startswith("modiste.commands"):
        assert not [other for other in found if within(other, ("service", "training"))]
    if package in ("service", "training"):
        assert not [other for other in found if within(other, ({"service", "training"} - {package}))]
    if package == "service" and name != "service":
        allowed = LAYERS[name.split(".")[1]]
        parts = {other.split(".")[1] for other in found if other.startswith("service.")}
        assert allowed is None or parts <= allowed
    if package == "training" and name != "training":
        part = name.split(".")[1]
        parts = {other.split(".")[1] for other in found if other.startswith("training.")}
        assert parts <= TRAINING_LAYERS[part] | {part}


@pytest.mark.parametrize("name", sorted(modules()))
def test_keras_and_the_web_framework_stay_in_their_places(name):
    found = imported(modules()[name])
    if not within(name, KERAS):
        assert not [other for other in found if within(other, ("keras", "tensorflow", "jax", "tf2onnx"))]
    if not within(name, WEB_FRAMEWORK):
        assert not [other for other in found if within(other, ("fastapi", "starlette"))]


def test_onnx_runtime_is_imported_where_its_telemetry_is_turned_off():
    importers = {name for name, path in modules().items() if within_any(imported(path), ("onnxruntime",))}
    assert importers == {"modiste.onnx_runtime"}


def test_the_engine_reports_to_nobody(tmp_path):
    """The library would write an identifier and a queue of events under the home folder."""
    home = tmp_path / "home"
    home.mkdir()
    version = write_version(tmp_path / "version")
    code = (
        "import sys, time, numpy; from pathlib import Path; from service.engine.onnx_engine import OnnxEngine; "
        "engine = OnnxEngine(Path(sys.argv[1]), 1); engine.infer(numpy.zeros((1, 28, 28))); time.sleep(1)"
    )
    # It keeps quiet in CI by itself: make it think that it is elsewhere.
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    subprocess.run(
        [sys.executable, "-c", code, version / "model.onnx"], check=True, cwd=ROOT, env=environment
    )
    assert list(home.rglob("*")) == []


def test_commands_import_a_side_only_when_they_are_called():
    for name, path in modules().items():
        if name.startswith("modiste.commands"):
            assert not [o for o in imported(path, top_level_only=True) if within(o, ("service", "training"))]


def test_there_is_no_circle():
    graph = {
        name: {other for other in imported(path, top_level_only=True) if other in modules()}
        for name, path in modules().items()
    }
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path, name])
        if name not in done:
            for other in graph[name]:
                visit(other, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


TRAINING = ("tensorflow", "keras", "tf2onnx", "sklearn", "matplotlib")


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("service.server", (*TRAINING, "h5py")),
        ("modiste.__main__", TRAINING),
        ("modiste.prepare", (*TRAINING, "h5py")),
        ("modiste.reading.model_file", TRAINING),
    ],
)
def test_the_server_loads_no_tensorflow_and_nothing_else_that_it_does_not_need(module, absent):
    code = f"import sys, {module}; print([m for m in {absent!r} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout.strip() == "[]"
