"""JSON in one form only, so that a digest of it means the same everywhere (RFC 8785).

That form knows no whole numbers beyond 2^53, as JavaScript does not: there they are texts of their
digits, and a text that looks like one begins with an apostrophe.
"""

import hashlib
import re

from pydantic_core import from_json

from remediate.model.base import JsonValue

_MOST = 2**53 - 1
_NUMBER = re.compile(r"-?[1-9][0-9]{15,}", re.ASCII)
_LOOKS_LIKE_ONE = re.compile(r"'*-?[1-9][0-9]{15,}", re.ASCII)


def canonical(data: JsonValue) -> bytes:
    """The one form of some data.

    Raises:
        ValueError: it has a number that JSON cannot say, or half a character.
    """
    import rfc8785  # noqa: PLC0415 - most commands write nothing in this form

    return rfc8785.dumps(_written(data))


def read_canonical(text: bytes) -> JsonValue:
    """The data that `canonical` has written.

    Raises:
        ValueError: it is no JSON, or not in that form, byte by byte.
    """
    written = from_json(text, allow_inf_nan=False)
    data = _read(written)
    if canonical(data) != text:
        msg = "it is not in the form of RFC 8785"
        raise ValueError(msg)
    return data


def digest(data: JsonValue) -> str:
    """What some data is known by (`sha256:…`), the same in every program.

    Raises:
        ValueError: as for `canonical`.
    """
    return f"sha256:{hashlib.sha256(canonical(data)).hexdigest()}"


def _written(data: JsonValue) -> JsonValue:
    if isinstance(data, dict):
        return {name: _written(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_written(value) for value in data]
    if isinstance(data, str):
        return f"'{data}" if _LOOKS_LIKE_ONE.fullmatch(data) else data
    if isinstance(data, float) and data.is_integer():
        data = int(data)
    if isinstance(data, int) and abs(data) > _MOST:
        return str(data)
    return data


def _read(data: JsonValue) -> JsonValue:
    if isinstance(data, dict):
        return {name: _read(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_read(value) for value in data]
    if isinstance(data, str) and _LOOKS_LIKE_ONE.fullmatch(data):
        return int(data) if _NUMBER.fullmatch(data) else data[1:]
    return data
