"""Micro-batching: rows of many callers wait, go through the model together, and come back to each."""
