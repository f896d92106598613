"""Modiste trains Keras classifiers and serves them.

This package is the ground that both sides stand on: the artifact format, safe reading and
preparing of model files, data sets, metrics and the command line. It imports neither
``service`` nor ``training`` when it is imported.
"""

__version__ = "0.1.0"
