"""Measuring the server on this machine: ``python -m bench``."""
