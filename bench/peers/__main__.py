"""``python -m bench.peers``: lock the peers' packages; check that each answers what the model says."""

import time
from subprocess import CalledProcessError
from typing import Annotated

import typer

from bench import servers, wrk
from bench.http import send
from bench.peers import PEERS, Peer, answers, environment

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

Names = Annotated[list[str] | None, typer.Argument(help="Which peers; all unless named.")]

CONNECTIONS = {"A": (1, 64), "B": (1, 8), "C": (1, 64), "D": (1, 4)}
LOAD_S = 2.0
PATIENCE_S = 120.0


@app.command()
def lock(names: Names = None) -> None:
    """Resolve the peers' packages anew, to the newest releases (needs uv)."""
    for peer in _named(names):
        environment.lock(peer.name, peer.packages)
        typer.echo(peer.title)


@app.command()
def check(names: Names = None) -> None:
    """Install and start each peer, compare its answers with the model's, and ask it for two seconds."""
    failed = 0
    for peer in _named(names):
        try:
            typer.echo(f"{peer.title}: {_checked(peer)}")
        except (ValueError, OSError, CalledProcessError, servers.DidNotStart) as error:
            failed += 1
            typer.echo(f"{peer.title}: FAILED: {error}")
    raise typer.Exit(failed > 0)


def _named(names: list[str] | None) -> list[Peer]:
    if unknown := set(names or ()) - set(PEERS):
        raise typer.BadParameter(f"no peer {', '.join(sorted(unknown))}; there are: {', '.join(PEERS)}")
    return [PEERS[name] for name in names or PEERS]


def _checked(peer: Peer) -> str:
    peer.install()
    with peer.run() as server:
        for letter, request in peer.requests.items():
            answers.check(letter, send(request, server.port))
        said = [
            f"{''.join(peer.requests)} as the model says",
            f"first answer after {server.cold_start_s:.1f} s",
        ]
        said += _speeds(peer, server.port)
        stopping = time.perf_counter()
    return ", ".join([*said, f"stopped in {time.perf_counter() - stopping:.1f} s"])


def _speeds(peer: Peer, port: int) -> list[str]:
    """Rough figures: two seconds each, on a machine that may be busy."""
    try:
        wrk.check()
    except wrk.Missing as missing:
        return [str(missing)]
    speeds = []
    for letter, request in peer.requests.items():
        outcomes = []
        for connections in CONNECTIONS[letter]:
            send(request, port, PATIENCE_S)  # answered when what the last load left in its queues is done
            outcomes.append(wrk.run(request, port, connections, LOAD_S))
        rates = " / ".join(f"{one.requests_per_second:.0f}" for one in outcomes)
        errors = sum(one.errors for one in outcomes)
        speeds.append(f"{letter} {rates} /s" + (f" ({errors} errors)" if errors else ""))
    return speeds


if __name__ == "__main__":
    app()
