"""What TensorFlow Serving says of a model: its signature, in the JSON form of its protocol buffers.

So the sizes of axes and the version are texts, and the key `signature_def` stands twice.
"""

from typing import Any

from service.dialects.port import Name
from service.dialects.tfserving.documents import SIGNATURE
from service.signature import Signature, Tensor

_DTYPES = {"float32": "DT_FLOAT", "float64": "DT_DOUBLE", "float16": "DT_HALF"}


def metadata(served: Name, signature: Signature) -> dict[str, Any]:
    """Return the metadata of a version."""
    signature_def = {
        "inputs": {one.name: _info(one, f"{SIGNATURE}_{one.name}:0") for one in signature.inputs},
        "outputs": {
            one.name: _info(one, f"StatefulPartitionedCall:{place}")
            for place, one in enumerate(signature.outputs)
        },
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    }
    return {
        "model_spec": {"name": served.model, "signature_name": "", "version": str(served.version)},
        "metadata": {"signature_def": {"signature_def": {SIGNATURE: signature_def}}},
    }


def _info(tensor: Tensor, name: str) -> dict[str, Any]:
    sizes = [-1, *(-1 if n is None else n for n in tensor.shape)]
    dims = [{"size": str(size), "name": ""} for size in sizes]
    return {
        "dtype": _DTYPES.get(tensor.dtype.name, f"DT_{tensor.dtype.name.upper()}"),
        "tensor_shape": {"dim": dims, "unknown_rank": False},
        "name": name,
    }
