"""Sweeps as files: where they lie, what they say, and the folder that one is kept in, all without Keras."""
