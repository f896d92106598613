"""The peers by name."""

from bench.peers import bodies
from bench.peers.peer import Peer

_V2 = "/v2/models/fashion_mnist/infer"

_ALL = (
    Peer(
        "fastapi",
        "FastAPI {} + model.predict",
        packages=("fastapi", "tensorflow", "uvicorn[standard]"),
        command=("uvicorn", "server:app", "--port", "{port}", "--no-access-log"),
        notes="as tutorials write it: pydantic lists, model.predict in a coroutine, no batching",
        requests=bodies.instances("/predict"),
        variables={"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
    ),
    Peer(
        "mosec",
        "Mosec {}",
        packages=("mosec", "onnxruntime"),
        command=("python", "server.py", "--address", "127.0.0.1", "--port", "{port}", "--log-level", "error"),
        notes="max_batch_size=64, max_wait_time=1 ms",
        requests=bodies.instances("/inference") | bodies.raw("/inference"),
    ),
    Peer(
        "litserve",
        "LitServe {}",
        packages=("litserve", "onnxruntime"),
        command=("python", "server.py", "{port}"),
        notes="max_batch_size=64, batch_timeout=1 ms, fast_queue, one API server",
        requests=bodies.instances("/predict") | bodies.raw("/predict"),
    ),
    Peer(
        "mlserver",
        "MLServer {}",
        packages=("mlserver", "onnxruntime"),
        command=("mlserver", "start", "."),
        notes="custom runtime, max_batch_size=64, max_batch_time=1 ms, parallel_workers=0, V2 JSON",
        requests=bodies.open_inference(_V2),
        variables={"MLSERVER_HTTP_PORT": "{port}", "MLSERVER_GRPC_PORT": "0"},
    ),
    Peer(
        "bentoml",
        "BentoML {}",
        # Its uvicorn takes the last two where they are, but it does not ask for them.
        packages=("bentoml", "onnxruntime", "httptools", "uvloop"),
        command=("bentoml", "serve", "service:Fashion", "--host", "127.0.0.1", "--port", "{port}"),
        notes="batchable API, max_batch_size=64, uvloop and httptools beside it",
        requests=bodies.instances("/predict"),
    ),
    Peer(
        "ray",
        "Ray Serve {}",
        packages=("ray[serve]", "onnxruntime"),
        command=("python", "server.py", "{port}"),
        notes="serve.batch of 64 without waiting, HAProxy ingress, throughput-optimized, one replica",
        requests=bodies.instances("/predict") | bodies.raw("/predict"),
        # What its guide to high throughput advises; several times faster than its defaults.
        variables={"RAY_SERVE_ENABLE_HA_PROXY": "1", "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1"},
    ),
    Peer(
        "triton",
        "NVIDIA Triton (PyTriton {})",
        packages=("nvidia-pytriton", "onnxruntime"),
        command=("python", "server.py", "{port}"),
        notes="Python backend, dynamic batching to 1,000 rows without delay, V2 JSON and binary tensors",
        requests=bodies.open_inference(_V2) | bodies.open_inference_binary(_V2),
    ),
)

PEERS = {peer.name: peer for peer in _ALL}
