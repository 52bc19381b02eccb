"""Records that an earlier version of this program wrote, brought into the form of this one.

Version 1 named a computer by its name only, and said in sentences what was not as it should be.
"""

from collections.abc import Callable, Mapping
from typing import Any

from remediate.model.base import SCHEMA_VERSION, Model
from remediate.model.outcome import HostReport

Record = dict[str, Any]


def upgraded(model: type[Model], payload: Mapping[str, Any]) -> Record:
    """A record of this version or an earlier one, as this version writes it.

    Args:
        model: what it is a record of.
        payload: what was recorded; not changed.

    Raises:
        ValueError: it is of a later version, or of none.
    """
    version = payload.get("schema_version", SCHEMA_VERSION)
    if version not in range(1, SCHEMA_VERSION + 1):
        msg = f"a record of version {version!r} is unknown to this program"
        raise ValueError(msg)
    return _FROM_1.get(model, _current)(payload) if version == 1 else dict(payload)


def _current(payload: Mapping[str, Any]) -> Record:
    return {**payload, "schema_version": SCHEMA_VERSION}


def _report(payload: Mapping[str, Any]) -> Record:
    said = (f"Not as it should be: {text}" for text in payload.get("differing") or ())
    plan = payload.get("plan")
    return {
        **_current(payload),
        "plan": None if plan is None else _plan(plan),
        "differing": [],
        "notes": [*(payload.get("notes") or ()), *said],
    }


def _plan(payload: Mapping[str, Any]) -> Record:
    facts = payload.get("facts")
    if facts is not None:
        facts = {**facts, "computer": {"name": facts.get("computer", "")}}
    return {**_current(payload), "facts": facts}


_FROM_1: Mapping[type[Model], Callable[[Mapping[str, Any]], Record]] = {HostReport: _report}
