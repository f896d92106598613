"""What the bench knows of another server: how to install it, start it, and ask it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.http import Request
from bench.peers import environment
from bench.servers import Running, running

START_S = 120.0
QUIET = {
    "ORT_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "BENTOML_DO_NOT_TRACK": "True",
    "DO_NOT_TRACK": "1",
}
"""No peer reports to its maker that it was measured."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that people would otherwise use, serving the model that Modiste ships.

    `packages` is what its environment is resolved from, the first of them the one that gives `product` its
    version; `command` runs in the peer's own folder, its first word a program of its environment.
    """

    name: str
    product: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    notes: str
    requests: Mapping[str, Request]
    workers: int = 1
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The name to show, with the version of the lock."""
        package = self.packages[0].partition("[")[0]
        return self.product.format(environment.locked_version(self.name, package))

    def install(self) -> None:
        """Make its environment, where that is not done."""
        environment.install(self.name)

    @contextmanager
    def run(self) -> Iterator[Running]:
        """Run it until the block ends; `install` comes first."""
        program, *arguments = self.command
        with running(
            [str(environment.executable(self.name, program)), *arguments],
            next(iter(self.requests.values())),
            environment={**QUIET, "PYTHONPATH": str(environment.HERE / "common"), **self.variables},
            folder=environment.HERE / self.name,
            start_s=START_S,
        ) as server:
            yield server
