"""Runs in a virtual environment of its own: KServe's client asks a server, and prints what it was told.

Arguments: the address of the server, and an ``.npz`` with images ``x``. Prints one JSON object.
"""

import asyncio
import json
import sys

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

MODEL = "fashion_mnist"


async def main(address: str, images: np.ndarray) -> dict:
    v1 = InferenceRESTClient(RESTConfig(protocol="v1", retries=0, timeout=30))
    v2 = InferenceRESTClient(RESTConfig(protocol="v2", retries=0, timeout=30))
    found = {
        "server live": await v2.is_server_live(address),
        "server ready": await v2.is_server_ready(address),
        "model ready": await v2.is_model_ready(address, MODEL),
        "v1": (await v1.infer(address, {"instances": images.tolist()}, model_name=MODEL))["predictions"],
    }
    for binary in (False, True):
        tensor = InferInput("input_layer", list(images.shape), "UINT8")
        tensor.set_data_from_numpy(images, binary_data=binary)
        request = InferRequest(model_name=MODEL, infer_inputs=[tensor], request_id="seven")
        answer = await v2.infer(address, request, model_name=MODEL)
        assert answer.id == "seven", answer.id
        found["v2 binary" if binary else "v2"] = answer.outputs[0].as_numpy().tolist()
    for name, client in (("v1", v1), ("v2", v2)):
        try:
            await client.infer(address, {"instances": [], "inputs": []}, model_name="nothing")
        except httpx.HTTPStatusError as error:
            found[f"{name} error"] = str(error)
    return found


if __name__ == "__main__":
    with np.load(sys.argv[2]) as data:
        print(json.dumps(asyncio.run(main(sys.argv[1], data["x"]))))
