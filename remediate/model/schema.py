"""The JSON Schema of a published model, as readers of other programs take it."""

from typing import Any

from remediate.model.base import Model

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_FORMATS = frozenset({"date-time", "date", "time", "duration", "uri", "uuid", "ipv4", "ipv6"})
"""Formats of that dialect that pydantic makes; its others, such as `path`, are refused by
strict readers."""


def schema_of(model: type[Model]) -> dict[str, Any]:
    """The schema of what is written of a model.

    It allows fields that it does not name: a later version may add some without a new number.
    """
    schema: dict[str, Any] = _plain(model.model_json_schema(mode="serialization"))
    return {"$schema": DIALECT, **schema}


def _plain(part: Any) -> Any:  # noqa: ANN401 - any part of a schema
    if isinstance(part, list):
        return [_plain(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _plain(value)
        for name, value in part.items()
        if (name, value) != ("additionalProperties", False)
        and not (name == "format" and isinstance(value, str) and value not in _FORMATS)
    }
