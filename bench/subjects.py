"""What is measured: this server with one worker or more, and its peers where they can be had."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from bench import servers
from bench.http import Request
from bench.servers import Running
from bench.workloads import artifacts, workloads

OURS = "modiste"
OURS_TWO = "modiste-2"


class Subject(Protocol):
    """A server that can be run and asked; `requests` holds those workloads that it can answer, by letter."""

    @property
    def name(self) -> str:
        """A short name, the same from run to run."""

    @property
    def title(self) -> str:
        """The name to show."""

    @property
    def notes(self) -> str:
        """What a reader of its figures should know."""

    @property
    def workers(self) -> int:
        """Processes that each hold the model."""

    @property
    def requests(self) -> Mapping[str, Request]:
        """The requests by the workload's letter."""

    def install(self) -> None:
        """Make it ready to run, where that is not done."""

    def run(self) -> AbstractContextManager[Running]:
        """Run it until the block ends."""


@dataclass(frozen=True, slots=True)
class Modiste:
    """This server, as ``modiste serve`` starts it."""

    name: str
    title: str
    workers: int
    notes: str = "the shipped model, settings as they are by default"

    @property
    def requests(self) -> dict[str, Request]:
        """Every workload's own request."""
        return {letter: workload.request for letter, workload in workloads().items()}

    def install(self) -> None:
        """Nothing is to be done: this is the repository that it lies in."""

    @contextmanager
    def run(self) -> Iterator[Running]:
        """Run it until the block ends; the cold start is to the first right answer."""
        first = workloads()["A"]
        with (
            artifacts() as folder,
            servers.modiste(folder, first.request, first.good, workers=self.workers) as server,
        ):
            yield server


ONE = Modiste(OURS, "Modiste", 1)
TWO = Modiste(OURS_TWO, "Modiste x2", 2)


def peers() -> dict[str, Subject]:
    """Return the peers by name; a change there that breaks their import breaks the peers alone."""
    from bench.peers import PEERS

    return dict(PEERS)
