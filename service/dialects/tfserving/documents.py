"""The JSON object of a request, as TensorFlow Serving reads it: what follows the object is not looked at."""

import json
from typing import Any

from service.codecs.json_explain import unique
from service.dialects.tfserving.nested import json_type
from service.errors import InvalidInput, MalformedBody

SIGNATURE_KEY = "signature_name"
SIGNATURE = "serving_default"
"""The only signature of every model."""

_BLANKS = " \t\r\n"
_decoder = json.JSONDecoder(object_pairs_hook=unique)


def load(body: bytes) -> dict[str, Any]:
    """Return the object of a body, for the signature that there is. Keys beside the known ones are ignored.

    Raises:
        MalformedBody: no JSON.
        InvalidInput: no object, one that names another signature, or a key that stands twice.
    """
    document = _parsed(body)
    if not isinstance(document, dict):
        raise InvalidInput(f"JSON Value Type: {json_type(document)} Is not object")
    name = document.get(SIGNATURE_KEY, SIGNATURE)
    if not isinstance(name, str):
        raise InvalidInput(f"not formatted correctly. '{SIGNATURE_KEY}' key must be a string value.")
    if name not in ("", SIGNATURE):
        shown = name[:60].encode(errors="replace").decode()  # half a character can be in JSON, not in UTF-8
        raise InvalidInput(
            f'Serving signature name: "{shown}" not found in signature def; there is "{SIGNATURE}"'
        )
    return document


def _parsed(body: bytes) -> Any:
    if not body:
        raise MalformedBody("JSON Parse error: The document is empty")
    try:
        text = body.decode("utf-8-sig")
        return _decoder.raw_decode(text, len(text) - len(text.lstrip(_BLANKS)))[0]
    except UnicodeDecodeError as error:
        raise MalformedBody(f"JSON Parse error: Invalid UTF-8 at offset: {error.start}") from error
    except json.JSONDecodeError as error:
        raise MalformedBody(f"JSON Parse error: {error.msg} at offset: {error.pos}") from error
    except RecursionError as error:
        raise MalformedBody("JSON Parse error: nested too deeply") from error
    except ValueError as error:  # a number of thousands of digits
        raise InvalidInput("JSON Parse error: a number has too many digits") from error
