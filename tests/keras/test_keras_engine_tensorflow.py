"""The Keras engine on TensorFlow."""

from tests.keras.engine_checks import *  # noqa: F403
