"""ONNX Runtime, with its telemetry off: the only module that imports it.

Since release 1.29 its wheels report to their maker from Linux and macOS too, by default
(microsoft/onnxruntime#27379). The variable must be set before the library is loaded; then nothing is
collected, written or sent.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort

__all__ = ["ort"]
