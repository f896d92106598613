"""Names that a file system, a URL and a graph compiler accept, made from names that people give.

A model may be called ``패션 MNIST 모델``. The name is kept for showing; `safe_name` gives the one
that is used in folders, URLs and compiled graphs.
"""

import hashlib
import re
import unicodedata

SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


def is_safe_name(name: str) -> bool:
    """Say whether `name` can stand unchanged in a folder, a URL and a compiled graph."""
    return SAFE_NAME.fullmatch(name) is not None


def safe_name(name: str) -> str:
    """Return `name` itself where it is safe, else its ASCII letters and digits with a short digest.

    The digest keeps two names apart that differ only in what was left out.
    """
    if is_safe_name(name):
        return name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return "-".join([*words, digest])[:128].lstrip("-") if words else f"model-{digest}"
