"""The servers that people would otherwise use, with the same model, under the same load.

    python -m bench.peers check [NAME...]    install, start, ask and verify them
    python -m bench.peers lock [NAME...]     resolve their packages anew (needs uv)

Each lives in a virtual environment of its own in the cache folder, made from the hash-pinned lock in its
folder here. Each runs one worker that holds the model, in whatever other processes it needs.
"""

from bench.peers.catalog import PEERS
from bench.peers.peer import Peer

__all__ = ["PEERS", "Peer"]
