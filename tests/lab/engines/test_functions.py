"""A simulated host's functions do what the `.ps1` files promise."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from remediate.lab.engines.functions import Spoken, answer
from remediate.lab.hosts import make_state
from remediate.lab.kinds import record
from remediate.lab.kinds.scheduled_task import FOLDER, make_task
from remediate.lab.state import HostState
from remediate.model.base import JsonValue
from remediate.powershell.messages import (
    Call,
    CallResult,
    Reply,
    Request,
    Status,
    decode_part,
    decode_reply,
)
from remediate.resources.scheduled_task import (
    MultipleInstances,
    ScheduledTask,
    ScheduledTasks,
)

NAME = "Microsoft-OnlineBackup"
GET = Call(
    id="get",
    function="Get-RemediateScheduledTask",
    arguments=ScheduledTasks(folder=FOLDER).arguments(),
)


def ask(state: HostState, *calls: Call) -> Reply:
    request = Request(run="run", calls=calls)
    return decode_reply(answer(state, Request.decode(request.encode())).texts, request)


def call(state: HostState, function: str, **arguments: JsonValue) -> CallResult:
    return ask(state, Call(id="it", function=function, arguments=arguments))["it"]


def write(state: HostState, before: int, after: int, name: str = NAME) -> CallResult:
    return call(
        state,
        "Set-RemediateScheduledTask",
        identity={"path": FOLDER, "name": name},
        before={"multiple_instances": before},
        after={"multiple_instances": after},
    )


@pytest.fixture
def state() -> HostState:
    return make_state()


@pytest.fixture
def at(state: HostState) -> Callable[[int], None]:
    """Set the host's clock, in seconds since 1970."""

    def set_clock(seconds: int) -> None:
        state.clock = lambda: datetime.fromtimestamp(seconds, UTC)

    return set_clock


def test_get_emits_the_resources_that_the_query_asks_for(state: HostState) -> None:
    state.section("scheduled_tasks").append(make_task("Other", folder="\\Other\\"))
    found = ScheduledTasks(folder=FOLDER).parse(ask(state, GET)["get"].value)
    assert [task.multiple_instances for task in found if isinstance(task, ScheduledTask)] == [
        0,
        3,
        2,
    ]


def test_set_writes_what_was_seen_before(state: HostState) -> None:
    assert write(state, 0, 2).status is Status.OK
    task = record(state, "scheduled_task", name=NAME)
    assert task["multiple_instances"] == 2
    assert "<MultipleInstancesPolicy>IgnoreNew<" in task["xml"]


@pytest.mark.parametrize("policy", list(MultipleInstances))
def test_rolling_back_makes_the_state_byte_identical(policy: MultipleInstances) -> None:
    state = HostState("X", {"scheduled_tasks": [make_task(NAME, policy)]})
    before = state.snapshot()
    for after in MultipleInstances:
        assert write(state, policy, after).status is Status.OK
        assert write(state, after, policy).status is Status.OK
        assert before == state.snapshot()


def test_a_definition_without_the_element_gets_it_and_keeps_the_rest(state: HostState) -> None:
    task = state.windows["scheduled_tasks"][0]
    line = "    <MultipleInstancesPolicy>Parallel</MultipleInstancesPolicy>\r\n"
    whole = task["xml"]
    task["xml"] = bare = whole.replace(line, "")
    assert bare != whole
    write(state, 2, 2)
    assert bare == task["xml"]
    write(state, 2, 0)
    assert whole == task["xml"]


def test_set_refuses_when_the_value_has_moved(state: HostState) -> None:
    before = state.snapshot()
    error = write(state, 1, 2).error
    assert error
    assert error.error_id == "RemediateStale"
    assert error.detail == {"property": "multiple_instances", "current": 0}
    assert before == state.snapshot()


def test_set_refuses_what_has_gone_and_what_stores_a_password(state: HostState) -> None:
    stored = make_task("Stored", MultipleInstances.QUEUE, stored_password=True)
    state.section("scheduled_tasks").append(stored)
    before = state.snapshot()
    gone, refused = write(state, 0, 2, "Gone").error, write(state, 1, 2, "Stored").error
    assert gone
    assert refused
    assert (gone.error_id, refused.error_id) == ("RemediateMissing", "RemediateRefused")
    assert before == state.snapshot()


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"identity": {}, "before": {}, "after": {"xml": ""}},
        {
            "identity": {"name": NAME},
            "before": {"multiple_instances": 0},
            "after": {"multiple_instances": 2},
        },
    ],
)
def test_arguments_that_the_function_does_not_have_are_an_error(
    state: HostState, arguments: dict[str, Any]
) -> None:
    error = call(state, "Set-RemediateScheduledTask", **arguments).error
    assert error
    assert error.exception.endswith("ParameterBindingException")


@pytest.mark.parametrize("function", ["Get-RemediateNothing", "Remove-Item", "Set-RemediateQuery"])
def test_an_unknown_function_is_not_found(state: HostState, function: str) -> None:
    error = call(state, function).error
    assert error
    assert error.error_id == "CommandNotFoundException"


def test_a_call_is_skipped_when_what_it_needs_has_not_succeeded(state: HostState) -> None:
    reply = ask(
        state,
        Call(id="a", function="Get-RemediateNothing"),
        Call(id="b", function="Get-RemediateLease", needs=("a",)),
        Call(id="c", function="Get-RemediateLease", needs=("b",)),
        Call(id="d", function="Get-RemediateLease"),
    )
    assert [result.status for result in reply.calls] == ["error", "skipped", "skipped", "ok"]


def lock(state: HostState, run: str, fence: int = 1, ttl: int = 60) -> CallResult:
    arguments = {"run": run, "owner": f"{run}@x", "fence": fence, "ttl": ttl}
    return call(state, "Lock-RemediateLease", **{"undoes": [], **arguments})


def test_a_lease_keeps_others_out_until_it_expires(
    state: HostState, at: Callable[[int], None]
) -> None:
    at(0)
    holder = {"run": "r1", "owner": "r1@x", "fence": 1}
    holder |= {"since": "1970-01-01T00:00:00Z", "until": "1970-01-01T00:01:00Z"}
    assert [{**holder, "took": None}] == lock(state, "r1").value
    assert [{**holder, "active": False}] == call(state, "Get-RemediateLease").value
    at(59)
    error = lock(state, "r2", fence=9).error
    assert error
    assert error.error_id == "RemediateLeaseHeld"
    assert holder == error.detail
    at(60)
    taken = lock(state, "r2", fence=2).value
    assert isinstance(taken[0], dict)
    assert holder == taken[0]["took"]


def test_a_run_may_take_its_lease_again_unless_a_newer_fence_has_it(state: HostState) -> None:
    assert lock(state, "r1", fence=2).status is Status.OK
    assert lock(state, "r1", fence=2).status is Status.OK
    assert lock(state, "r1", fence=1).status is Status.ERROR
    assert lock(state, "r1", fence=3).status is Status.OK


def test_a_pipeline_that_is_writing_keeps_everybody_out(state: HostState) -> None:
    lock(state, "r1")
    state.lease_active = True
    error = lock(state, "r1").error
    assert error
    assert error.detail
    assert error.detail["active"] is True
    assert error.detail["run"] == "r1"


def test_only_its_own_run_frees_a_lease(state: HostState) -> None:
    lock(state, "r1")
    assert call(state, "Unlock-RemediateLease", run="r2").value == []
    assert state.lease
    call(state, "Unlock-RemediateLease", run="r1")
    assert state.lease is None
    assert call(state, "Get-RemediateLease").value == []


def test_receipts_are_kept_one_for_each_run(state: HostState, at: Callable[[int], None]) -> None:
    at(0)
    receipt = {"run": "r1", "operator": "ada@x", "playbooks": ["p"], "changes": [{"before": 0}]}
    for _ in range(2):
        call(state, "Save-RemediateReceipt", **receipt)
    written = "1970-01-01T00:00:00Z"
    assert [{**receipt, "written": written}] == call(state, "Get-RemediateReceipt").value


def test_a_reply_does_not_grow_with_the_tasks(state: HostState) -> None:
    """500 tasks fit into one response, so an audit of them costs no more exchanges."""
    for number in range(500):
        state.section("scheduled_tasks").append(make_task(f"Task{number}"))
    request = Request(run="audit", calls=(GET,))
    [text] = answer(state, request).texts
    assert len(decode_reply([text], request)["get"].value) == 503
    assert len(text) < 300_000


def question(number: int, function: str, **arguments: Any) -> Call:
    return Call(id=str(number), function=function, arguments=arguments, seconds=10)


QUESTIONS = (
    question(1, "Get-RemediateShadowStorage"),
    question(2, "Get-RemediateScheduledTask", folder=FOLDER),
    question(3, "Get-RemediateIscsiInitiator"),
)


def spoken(state: HostState, patience: float = 15, calls: tuple[Call, ...] = QUESTIONS) -> Spoken:
    return answer(state, Request(run="audit", calls=calls, seconds=15, patience=patience))


def statuses(said: Spoken, calls: tuple[Call, ...] = QUESTIONS) -> list[Status]:
    part = decode_part(said.texts, Request(run="audit", calls=calls))
    return [result.status for result in part.calls] if part else []


def test_a_command_that_is_slow_takes_the_time_that_it_is_given(state: HostState) -> None:
    state.hangs = {"shadow_storage": "slow"}
    said = spoken(state)
    assert statuses(said) == [Status.ERROR, Status.OK, Status.OK]
    assert (len(said.outputs), said.ends) == (1, 10)
    error = decode_reply(said.texts, Request(run="audit", calls=QUESTIONS))["1"].error
    assert error
    assert (error.category, error.error_id) == ("OperationTimeout", "HRESULT 0x40004")


def test_what_is_left_when_the_time_is_up_is_not_begun(state: HostState) -> None:
    state.hangs = {"shadow_storage": "slow", "scheduled_task": "slow"}
    said = spoken(state)
    assert statuses(said) == [Status.ERROR, Status.ERROR, Status.UNANSWERED]
    assert [second for second, _ in said.outputs] == [15, 15]
    assert said.ends == 15


def test_a_command_that_is_stuck_keeps_back_what_was_not_put_out(state: HostState) -> None:
    state.hangs = {"scheduled_task": "stuck"}
    assert spoken(state) == Spoken((), None)
    said = spoken(state, patience=0)
    assert said.ends is None
    assert statuses(said) == [Status.OK, Status.UNANSWERED, Status.UNANSWERED]


def test_what_takes_no_limit_cannot_honour_one(state: HostState) -> None:
    state.hangs = {"agent_module": "slow"}
    calls = (question(1, "Get-RemediateAgentModule", load=True),)
    assert spoken(state, calls=calls) == Spoken((), None)


def test_what_a_reader_needs_fails_it_too(state: HostState) -> None:
    """The module is found by the registry."""
    state.denied = {"registry_value": "read"}
    result = call(state, "Get-RemediateAgentModule", load=True)
    assert result.error
    assert result.error.category == "PermissionDenied"


@pytest.mark.slow
def test_a_list_that_is_too_long_is_an_error(state: HostState) -> None:
    state.section("scheduled_tasks").extend(make_task(f"Task{n}") for n in range(5_000))
    result = ask(state, GET)["get"]
    assert result.error
    assert result.error.error_id == "RemediateTooMany"
