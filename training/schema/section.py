"""The base of every part of a recipe: frozen, strictly typed, and helpful about misspelt fields."""

import difflib
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Section(BaseModel):
    """A table of a recipe. TOML is typed, so no value is converted: ``"32"`` is not a number.

    A field that is None, which TOML cannot write, was taken out by a change: it has its default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _fields_are_known(cls, values: Any) -> Any:
        if isinstance(values, dict):
            for name in values:
                if name not in cls.model_fields:
                    near = difflib.get_close_matches(name, cls.model_fields, 1)
                    hint = f" (did you mean {near[0]!r}?)" if near else ""
                    allowed = ", ".join(cls.model_fields)
                    raise ValueError(f"the field {name!r} is not known{hint}; allowed: {allowed}")
            return {name: value for name, value in values.items() if value is not None}
        return values
