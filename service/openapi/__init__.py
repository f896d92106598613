"""The OpenAPI document: what FastAPI knows, and the predictions of every protocol, which it does not."""

from typing import Any

from service.openapi import brief, native, oip, tfserving

__all__ = ["with_predictions"]


def with_predictions(document: dict[str, Any]) -> dict[str, Any]:
    """Complete FastAPI's document: predict paths come first, and every failure is in its protocol's words."""
    native.describe_errors(document)
    for path, operations in document["paths"].items():
        if path.startswith(oip.PREFIX):
            for operation in operations.values():
                answers = {status: said for status, said in operation["responses"].items() if status < "400"}
                operation["responses"] = answers | brief.errors()
    document["paths"] = {**native.paths(), **document["paths"], **tfserving.paths(), **oip.paths()}
    return document
