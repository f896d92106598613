"""Sweeps as files: those that are shipped lie here, and whoever only lists or reads them loads no Keras."""
