"""Looking at a server until its watcher has done something."""

import time


def versions(client, model: str) -> dict[int, dict]:
    listed = client.get("/models").json()["models"]
    (found,) = [entry for entry in listed if entry["name"] == model]
    return {version["version"]: version for version in found["versions"]}


def until(client, true) -> None:
    """Look again until something is so; the watcher looks every 50 ms."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, client.get("/models").text
        client.get("/health/live")
        time.sleep(0.02)
