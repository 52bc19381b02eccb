"""What a lab host is like: found, edited by somebody else, and compared with what it was."""

import json
from collections.abc import Iterator
from typing import Any

from remediate.lab.kinds import kind_of, records
from remediate.lab.kinds.kind import is_it
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue
from remediate.model.change import Change, ResourceId
from remediate.resources.base import resource_type

Resources = dict[str, list[Record]]
"""What can be said of a host: records by kind."""


def find(state: HostState, change: Change) -> Record:
    """What a host says of the thing that a change is about, if only that there is none."""
    kind, key = change.resource.kind, change.resource.key
    found = (record for record in records(state, kind) if is_it(record, key))
    return next(found, None) or dict(resource_type(kind).absent(key) or {})


def edit(state: HostState, change: Change) -> JsonValue:
    """Be somebody else: give a property a value that it neither had nor was given.

    Returns:
        The value; None when there is none.
    """
    with state.lock:
        value = kind_of(change.resource.kind).other(state, find(state, change), change)
    if value is not None and value in (change.before, change.after):
        raise AssertionError(
            f"`other` of the lab's kind {change.resource.kind} gave {change.property} a value that "
            f"it had or was given: {value!r}"
        )
    return value


def copied(windows: Record) -> Record:
    """A copy of the state of a Windows, which is JSON."""
    return dict(json.loads(json.dumps(windows)))


def in_order(resources: Resources) -> Resources:
    """A copy of resources in which neither order nor empty lists make a difference."""
    return {
        kind: [
            json.loads(one) for one in sorted(json.dumps(one, sort_keys=True) for one in records)
        ]
        for kind, records in sorted(resources.items())
        if records
    }


def renewable(resources: Resources) -> Resources:
    """Resources without the values that nobody chooses: no two hosts give a process one number."""
    for kind, found in resources.items():
        resource = resource_type(kind)
        for name in resource.settable & resource.volatile:
            for record in found:
                record[name] = record[name] is not None
    return resources


def still(resources: Resources) -> Resources:
    """Resources without what moves by itself."""
    volatile = {kind: resource_type(kind).volatile for kind in resources}
    return in_order(
        {
            kind: [
                {name: value for name, value in record.items() if name not in volatile[kind]}
                for record in records
            ]
            for kind, records in resources.items()
        }
    )


def unlike(resources: Resources, others: Resources) -> Iterator[tuple[str, str]]:
    """What of some resources does not mean the same as in others: of what, and which part."""
    was, now = (dict(_parts(each)) for each in (others, resources))
    for id_ in was | now:
        kind, before, after = resource_type(id_.kind), was.get(id_, {}), now.get(id_, {})
        for name in before | after:
            same = kind.same(name, before.get(name), after.get(name))
            if same is False and not kind.bookkeeping(name):
                yield str(id_), name


def _parts(resources: Resources) -> Iterator[tuple[ResourceId, dict[str, Any]]]:
    for kind, found in resources.items():
        for one in map(resource_type(kind).model_validate, found):
            yield one.resource_id, one.compared()
