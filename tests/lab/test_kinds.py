"""What each kind of the lab promises, whichever it is; its own promises are in conformance."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from remediate.lab import kinds
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import edit, everything, kind_of, put, records
from remediate.lab.state import HostState
from remediate.model.change import Change
from remediate.resources.base import Query, Resource, resource_type
from remediate.testing.states import find

OURS = sorted(kinds._own())
ONLY_ELSEWHERE = {"leftover": {"receipts": {"R1": []}, "aside": {"2020-01-01": 1}, "copies": 1}}
"""What a healthy host has nothing of, as then there is nothing to do, with what one has of it."""
SETTABLE = [(kind, name) for kind in OURS for name in sorted(resource_type(kind).settable)]


@pytest.fixture(autouse=True)
def no_more_than_ours() -> Iterator[None]:
    before = dict(kinds._added)
    yield
    kinds._added.clear()
    kinds._added.update(before)
    kind_of.cache_clear()


def host_with(kind: str) -> HostState:
    """A healthy host, but for something of a kind that none has."""
    return healthy_host(resources={k: v for k, v in ONLY_ELSEWHERE.items() if k == kind})


@pytest.mark.parametrize("kind", OURS)
def test_a_healthy_host_has_it_or_must_not_have_it(kind: str) -> None:
    assert (records(healthy_host(), kind) == []) == (kind in ONLY_ELSEWHERE)


@pytest.mark.parametrize("kind", OURS)
def test_a_host_has_it_and_its_records_are_what_the_resource_is(kind: str) -> None:
    found = records(host_with(kind), kind)
    assert found
    for record in found:
        resource = resource_type(kind).model_validate(record)
        assert resource.model_dump(mode="json") == record


@pytest.mark.parametrize("kind", OURS)
def test_looking_at_a_host_changes_nothing_in_it(kind: str) -> None:
    """Not even one that has nothing."""
    for host in (HostState("X"), host_with(kind)):
        before = json.dumps(host.windows)
        records(host, kind)
        assert json.dumps(host.windows) == before


@pytest.mark.parametrize("kind", OURS)
def test_what_is_read_is_nobodys_to_change(kind: str) -> None:
    host = host_with(kind)
    before = copy.deepcopy(host.windows)
    for record in records(host, kind):
        for value in record.values():
            if isinstance(value, list | dict):
                value.clear()
        record.clear()
    assert host.windows == before


@pytest.mark.parametrize("kind", OURS)
def test_the_question_of_one_thing_is_answered_with_it(kind: str) -> None:
    host, resource = host_with(kind), resource_type(kind)
    for record in records(host, kind):
        key = resource.model_validate(record).resource_id.key
        question = resource.query(key) if resource.settable else None
        asked = {} if question is None else question.arguments()
        assert record in records(host, kind, **asked)


@pytest.mark.parametrize(("kind", "name"), SETTABLE)
def test_somebody_elses_value_is_neither_of_two_and_is_there(kind: str, name: str) -> None:
    host, resource = host_with(kind), resource_type(kind)
    record = records(host, kind)[0]
    one = resource.model_validate(record)
    change = Change(
        playbook="p",
        resource=one.resource_id,
        title=one.title,
        property=name,
        before=record[name],
        after=None,
    )
    value = kind_of(kind).other(host, record, change)
    assert value not in (change.before, change.after)
    assert find(host, change)[name] == value


def test_what_runs_have_left_is_not_what_a_host_has() -> None:
    """So a host is as it was once a run is undone, though that has left a receipt, too."""
    host = healthy_host()
    before = everything(host)
    put(host, {"leftover": {"receipts": {"R1": []}}})
    assert len(records(host, "leftover")) == 1
    assert everything(host) == before


def test_leftovers_take_the_place_of_those_that_were_there() -> None:
    host = host_with("leftover")
    put(host, {"leftover": {"receipts": {"R2": []}}})
    assert [one["run"] for one in records(host, "leftover")] == ["R2"]


# --- a kind that nothing is known of, and somebody's own ---------------------------------------


class Lamp(Resource):
    """A thing that the lab knows nothing of."""

    kind = "lamp"
    noun = "lamp"
    function = "Lamp"
    reader = writer = Path(__file__)
    identity = ("room",)
    settable = frozenset({"on", "colour"})

    room: str
    on: bool = False
    colour: str | None = None

    @classmethod
    def absent(cls, key):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN206 - as an author would
        return {"room": key["room"], "on": False, "colour": None}


class Lamps(Query):
    resource = Lamp

    room: str


HALL = {"room": "hall", "on": False, "colour": "red"}


def test_its_records_stand_in_the_state_as_they_are() -> None:
    host = healthy_host(resources={"lamp": [HALL]})
    assert host.windows["lamp"] == [HALL]
    assert records(host, "lamp", room="hall") == [HALL]
    assert records(host, "lamp", room="attic") == []
    assert everything(host)["lamp"] == [HALL]
    edit(host, "lamp", {"room": "HALL"}, on=True)
    assert records(host, "lamp") == [{**HALL, "on": True}]


def test_what_becomes_as_if_it_were_absent_is_gone_and_the_other_way_round() -> None:
    host = HostState("X")
    kind_of("lamp").write(host, {"room": "hall", "on": False, "colour": None}, {"colour": "red"})
    assert host.windows["lamp"] == [HALL]
    edit(host, "lamp", {"room": "hall"}, colour=None)
    assert host.windows["lamp"] == []


def test_two_values_have_no_third() -> None:
    host = healthy_host(resources={"lamp": [HALL]})
    change = Change(
        playbook="p",
        resource=Lamp.model_validate(HALL).resource_id,
        title="lamp",
        property="on",
        before=False,
        after=True,
    )
    assert kind_of("lamp").other(host, HALL, change) is None
    assert host.windows["lamp"] == [HALL]


OWN = """
HEALTHY = {"hall": "white"}

def state(host, short):
    host.windows["lights"] = dict(short)

def read(host, room=None):
    for name, colour in host.windows.get("lights", {}).items():
        if room in (None, name):
            yield {"room": name, "on": True, "colour": colour}
"""


def test_a_file_beside_somebodys_playbooks_says_how_it_is_kept(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "lamp.py").write_text(OWN)
    kinds.add_folder(tmp_path)
    host = healthy_host()
    assert records(host, "lamp") == [{"room": "hall", "on": True, "colour": "white"}]
    put(host, {"lamp": {"attic": "blue"}})
    assert host.windows["lights"] == {"attic": "blue"}


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    file = tmp_path / "lab" / "lamp.py"
    file.write_text("import nothing_of_this_name")
    kinds.add_folder(tmp_path)
    with pytest.raises(ValueError, match=rf"lab's kind lamp, {file}: No module named"):
        healthy_host()
