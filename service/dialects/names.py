"""What the protocols are called where requests are counted, logged and traced."""

MODISTE = "modiste"
TENSORFLOW_SERVING = "tensorflow_serving"
OPEN_INFERENCE = "open_inference"

HTTP = "http"
"""Of a request whose path is not known: it was refused before."""

_PREFIXES = {"/v1/": TENSORFLOW_SERVING, "/v2/": OPEN_INFERENCE}


def protocol_of(path: str) -> str:
    """Return the name of the protocol that a path belongs to."""
    whole = f"{path.lower()}/"
    return next((name for prefix, name in _PREFIXES.items() if whole.startswith(prefix)), MODISTE)
