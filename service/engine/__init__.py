"""The engine port and its two adapters; `open_engine` chooses between them."""
