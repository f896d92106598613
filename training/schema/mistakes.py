"""Mistakes in a recipe, said in the words of its TOML file rather than in those of pydantic."""

from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from training.schema.data import Target
from training.schema.layers import Layer
from training.schema.losses import Loss
from training.schema.optimizers import Optimizer

# What was expected, by pydantic's type of the mistake; its context fills in the limits.
_EXPECTED = {
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
    "tuple_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "greater_than": "more than {gt:.10g}",
    "greater_than_equal": "{ge:.10g} or more",
    "less_than": "less than {lt:.10g}",
    "less_than_equal": "{le:.10g} or less",
}


def explain(error: ValidationError) -> list[str]:
    """Return one line for each mistake: the field, what stands there, and what is allowed."""
    return [_line(detail) for detail in error.errors(include_url=False)]


def _line(detail: ErrorDetails) -> str:
    where = ".".join(_written(detail["loc"]))
    context = detail.get("ctx", {})
    tag = f"{where}.{str(context.get('discriminator')).strip(chr(39))}"
    match detail["type"]:
        case "missing":
            return f"{where} is missing"
        case "union_tag_not_found":
            return f"{tag} is missing"
        case "union_tag_invalid":
            return f"{tag} is {context['tag']!r}; allowed: {context['expected_tags']}"
        case "literal_error":
            return f"{where} is {detail['input']!r}; allowed: {context['expected']}"
        case "value_error":
            return f"{where}: {context['error']}" if where else str(context["error"])
        case kind if kind in _EXPECTED:
            return f"{where} is {detail['input']!r}; expected {_EXPECTED[kind].format(**context)}"
        case _:
            return f"{where} is {detail['input']!r}: {detail['msg'][0].lower()}{detail['msg'][1:]}"


def _tags(union: Any, key: str) -> set[str]:
    kinds = get_args(get_args(union)[0])
    return {tag for kind in kinds for tag in get_args(kind.model_fields[key].annotation)}


_ALTERNATIVES = {
    "optimizer": _tags(Optimizer, "name"),
    "loss": _tags(Loss, "name"),
    "target": _tags(Target, "type"),
}
_LAYERS = _tags(Layer, "type")


def _written(location: tuple[int | str, ...]) -> list[str]:
    """Leave out the alternatives that pydantic chose (layers.0.dense.units): nobody wrote them there."""
    before = (None, *location)
    return [
        str(part)
        for part, previous in zip(location, before, strict=False)
        if part not in (_LAYERS if isinstance(previous, int) else _ALTERNATIVES.get(str(previous), ()))
    ]
