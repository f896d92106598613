"""TensorFlow Serving's REST protocol (v1), so that its clients work unchanged; docs/dialects.md says how far.

Written after TensorFlow Serving's own documentation (g3doc/api_rest.md) and sources
(model_servers/http_rest_api_handler.cc, util/json_tensor.cc), whose messages are kept where a client could
know them. Values that a client sent, which TensorFlow Serving repeats in its messages, are not repeated here.
"""

from service.dialects.tfserving.dialect import TensorFlowServing

__all__ = ["TensorFlowServing"]
