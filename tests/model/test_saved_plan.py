"""A plan in a file is what was written, to the byte, or is refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from remediate.model.canonical import canonical, read_canonical
from remediate.model.change import Change, ResourceId, Severity
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.plan import Observed, Plan, PlaybookUse
from remediate.model.saved_plan import (
    MAX_SIZE,
    PlannedHost,
    SavedPlan,
    SavedPlanRefused,
    read_plan,
    written,
)

NOW = datetime(2026, 11, 29, 10, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.from_regex(
    r"'*-?[0-9]{15,20}", fullmatch=True
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def plans(draw: st.DrawFn) -> SavedPlan:
    """Any plan of two hosts."""
    hosts = []
    for name in ("SRV01", "SRV02"):
        resource = ResourceId(kind=draw(texts), key={"name": draw(texts)})
        change = Change(
            playbook="own",
            resource=resource,
            title=draw(texts),
            property="value",
            before=draw(values),
            after=draw(values),
            severity=draw(st.sampled_from(Severity)),
        )
        use = PlaybookUse(id="own", parameters={"size": draw(values)})
        plan = Plan(host=name, playbooks=(use,), changes=(change,))
        report = HostReport(host=name, outcome=Outcome.WOULD_CHANGE, plan=plan)
        host = Host(name=name, address="127.0.0.1", port=5985)
        seen = Observed(resource=resource, properties={"value": draw(values)})
        hosts.append(PlannedHost(host=host, report=report, seen=(seen,)))
    made = {"tool": draw(texts), "operator": "ada@bastion", "created": NOW, "expires": NOW}
    return SavedPlan(**made, playbooks=(), hosts=tuple(hosts)).sealed()


@settings(max_examples=20, deadline=None)
@given(plans(), st.data())
def test_what_is_read_is_what_was_written_and_no_byte_may_change(
    plan: SavedPlan, data: st.DataObject
) -> None:
    text = written(plan)
    assert read_plan(text) == plan
    place = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda one: one != text[place]))
    changed = text[:place] + bytes([byte]) + text[place + 1 :]
    for other in (changed, text.replace(b"ada@", b"eve@"), text[:place], text + b" "):
        with pytest.raises(SavedPlanRefused):
            read_plan(other)


@settings(max_examples=50, deadline=None)
@given(values)
def test_canonical_json_is_read_as_what_it_was_and_in_that_form_for_any_reader(value: Any) -> None:
    text = canonical(value)
    assert read_canonical(text) == value
    assert rfc8785.dumps(json.loads(text)) == text


def test_numbers_that_javascript_would_round_are_texts_and_texts_stay_texts() -> None:
    data = {"unbounded": 2**64 - 1, "text": "18446744073709551615", "small": 2**53 - 1, "f": 2.0}
    assert canonical(data) == (
        b'{"f":2,"small":9007199254740991,"text":"\'18446744073709551615",'
        b'"unbounded":"18446744073709551615"}'
    )
    assert read_canonical(canonical(data)) == data


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"null\n",
        b"[]\n",
        b'{"type":"plan"}\n',
        b'{"type":"plan","schema_version":1e999}\n',
        b"[" * 100_000 + b"\n",
        b"9" * 100_000 + b"\n",
        b'"' + b"9" * 5000 + b'"\n',
        b'{"a":1,"a":2}\n',
        b"\xff\n",
    ],
    ids=range(11),
)
def test_hostile_texts_are_refused(text: bytes) -> None:
    with pytest.raises(SavedPlanRefused) as refused:
        read_plan(text)
    assert refused.value.hint


@pytest.mark.parametrize("hosts", [("SRV01", "SRV01"), ("SRV01",), ("SRV01", "SRV03")])
def test_a_plan_names_a_host_once_and_has_its_own_report_of_it(hosts: tuple[str, ...]) -> None:
    planned = tuple(
        PlannedHost(
            host=Host(name=name, address="127.0.0.1", port=5985),
            report=HostReport(host=name.replace("3", "2"), outcome=Outcome.COMPLIANT),
        )
        for name in hosts
    )
    made = {"tool": "x", "operator": "ada@bastion", "created": NOW, "expires": NOW}
    text = written(SavedPlan(**made, playbooks=(), hosts=planned).sealed())
    if hosts == ("SRV01",):
        assert read_plan(text).hosts == planned
        return
    with pytest.raises(SavedPlanRefused, match="a host twice, or reports of another one"):
        read_plan(text)


@pytest.mark.slow
def test_a_plan_that_would_not_be_read_is_not_written() -> None:
    made = {"tool": "x" * MAX_SIZE, "operator": "", "created": NOW, "expires": NOW}
    with pytest.raises(SavedPlanRefused, match="no more than"):
        written(SavedPlan(**made, playbooks=(), hosts=()))
