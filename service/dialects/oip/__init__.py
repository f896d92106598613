"""The Open Inference Protocol, version 2, over REST, with the binary tensors of its widest-used server.

https://github.com/kserve/open-inference-protocol, and the extensions that Triton documents.
"""

from service.dialects.oip.dialect import OpenInference

__all__ = ["OpenInference"]
