"""Ray Serve: a proxy process in front of replicas, which batch with `serve.batch`."""

import signal
import sys
from typing import Any

import numpy as np
import ray
from classifier import Classifier, from_bytes, from_json, to_bytes, to_json
from ray import serve
from starlette.requests import Request
from starlette.responses import Response


@serve.deployment(max_ongoing_requests=256, logging_config={"enable_access_log": False})
class Fashion:
    """JSON and raw bytes at one path."""

    def __init__(self) -> None:
        self.classifier = Classifier()

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0)
    async def classify(self, requests: list[np.ndarray]) -> list[np.ndarray]:
        """Answer a batch of requests."""
        return self.classifier.batch(requests)

    async def __call__(self, request: Request) -> Any:
        """Read one body, and answer in what was asked in."""
        if request.headers["content-type"] == "application/octet-stream":
            return Response(to_bytes(await self.classify(from_bytes(await request.body()))))
        return to_json(await self.classify(from_json(await request.json())))


if __name__ == "__main__":
    ray.init(include_dashboard=False, logging_level="warning")
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(Fashion.bind(), route_prefix="/predict", logging_config={"enable_access_log": False})
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    ray.shutdown()
