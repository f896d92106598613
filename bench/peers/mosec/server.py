"""Mosec: an HTTP server in Rust in front of a Python process, the worker, that holds the model."""

from typing import Any

from classifier import Classifier, from_bytes, from_json, to_bytes, to_json
from mosec import Server, Worker


class Fashion(Worker):
    """JSON as Mosec reads and writes it by default, and raw bytes.

    A worker sees the body and no header, so the two are told apart by the brace; a second route would
    need a second worker.
    """

    def __init__(self) -> None:
        self.classifier = Classifier()

    def deserialize(self, data: bytes) -> Any:
        """Read one body."""
        is_json = data.startswith(b"{")
        return is_json, from_json(super().deserialize(data)) if is_json else from_bytes(data)

    def forward(self, data: list[Any]) -> list[Any]:
        """Answer a batch of requests."""
        rows = self.classifier.batch([images for _, images in data])
        return [
            to_json(row) if is_json else to_bytes(row) for (is_json, _), row in zip(data, rows, strict=True)
        ]

    def serialize(self, data: Any) -> bytes:
        """Write one answer."""
        return data if isinstance(data, bytes) else super().serialize(data)


if __name__ == "__main__":
    server = Server()
    # In milliseconds; 0 would mean the default, 10.
    server.append_worker(Fashion, max_batch_size=64, max_wait_time=1)
    server.run()
