"""LitServe: FastAPI in front of a process, the worker, that batches and holds the model.

`fast_queue` is its documented switch for high throughput: ZeroMQ between the processes.
"""

import sys
from typing import Annotated, Any

import numpy as np
from classifier import Classifier, from_bytes, from_json, to_bytes, to_json
from fastapi import Body, Response
from litserve import LitAPI, LitServer


class Fashion(LitAPI):
    """JSON and raw bytes at one path."""

    def setup(self, device: str) -> None:
        """Load the model, in the worker."""
        self.classifier = Classifier()

    def decode_request(self, request: Annotated[Any, Body()]) -> tuple[bool, np.ndarray]:
        """Take one body: FastAPI parses JSON, and leaves bytes of other types alone."""
        is_json = not isinstance(request, bytes)
        return is_json, from_json(request) if is_json else from_bytes(request)

    def batch(self, inputs: list[Any]) -> list[Any]:
        """Leave the requests apart: each may hold many rows."""
        return inputs

    def predict(self, x: list[tuple[bool, np.ndarray]]) -> list[tuple[bool, np.ndarray]]:
        """Answer a batch of requests."""
        rows = self.classifier.batch([images for _, images in x])
        return [(is_json, row) for (is_json, _), row in zip(x, rows, strict=True)]

    def unbatch(self, output: list[Any]) -> list[Any]:
        """Give every request its own."""
        return output

    def encode_response(self, output: tuple[bool, np.ndarray]) -> Any:
        """Answer in what was asked in."""
        is_json, row = output
        return to_json(row) if is_json else Response(to_bytes(row), media_type="application/octet-stream")


if __name__ == "__main__":
    api = Fashion(max_batch_size=64, batch_timeout=0.001)
    server = LitServer(api, accelerator="cpu", workers_per_device=1, fast_queue=True)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        log_level="warning",
        generate_client_file=False,
    )
