"""A client's connection: uvicorn's, with limits, and with a short way for plain predictions."""
