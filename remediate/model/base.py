"""What all published data has in common: frozen, strict, versioned JSON."""

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

__all__ = ["SCHEMA_VERSION", "JsonValue", "Model", "perhaps_newer"]

SCHEMA_VERSION = 2
"""Version of every published model; a reader refuses what it does not know."""


class Model(BaseModel):
    """A frozen record. Unknown fields are an error: data is parsed once, at the edge.

    How one is parsed is worked out when it is first needed: a command needs few of the models that
    it imports.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def perhaps_newer(error: ValidationError) -> bool:
    """Whether what is no record may be one of a newer version: it says more than is known here."""
    said = error.errors(include_url=False, include_context=False, include_input=False)
    return said[0]["type"] in {"extra_forbidden", "enum", "literal_error"}
