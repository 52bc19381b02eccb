"""The functions of a simulated host: the same names, arguments and errors as the `.ps1` files."""

import gzip
import importlib
import json
import pkgutil
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import Any

import remediate.resources
from remediate.lab.call_error import CallFailedError, no_such_command, timed_out
from remediate.lab.content import FUNCTIONS as CONTENT_FUNCTIONS
from remediate.lab.kinds import kind_of
from remediate.lab.kinds.boot import pass_time
from remediate.lab.kinds.kind import check_access, is_it
from remediate.lab.kinds.registry_value import machine_guid
from remediate.lab.kinds.session import language_mode
from remediate.lab.state import Hang, HostState, Record
from remediate.model.base import JsonValue
from remediate.model.computer import Computer, Sameness, compare
from remediate.model.plan import HostFacts
from remediate.powershell.messages import (
    Call,
    CallResult,
    Request,
    Status,
    end_marker,
    head_line,
)
from remediate.resources.base import Query, Resource, loaded_kinds
from remediate.resources.session import FULL_LANGUAGE

MAX_LINE = 4_000_000
"""Characters of an answer, as in `envelope.ps1`."""

MAX_LISTING = 5_000
"""Things of one kind in an answer, as in `envelope.ps1`."""

UNLIMITED_SECONDS = 60.0
"""How long a command may take where its call has no limit, as in `envelope.ps1`."""

_LATE_SECONDS = 1.0
"""How long a command takes that is late."""

_NEVER = float("inf")

Arguments = dict[str, Any]
Function = Callable[[HostState, Arguments], list[JsonValue]]


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a host puts out in answer to a request, in seconds from its beginning.

    Args:
        outputs: each with when it comes.
        ends: when the pipeline ends; None when it never does.
    """

    outputs: tuple[tuple[float, str], ...]
    ends: float | None = 0.0

    @property
    def texts(self) -> list[str]:
        """What is put out, in order."""
        return [text for _, text in self.outputs]


def answer(state: HostState, request: Request) -> Spoken:
    """Run the calls of a request in order and reply as `envelope.ps1` would."""
    with state.lock:
        pass_time(state)
        pipeline = Pipeline(state, request)
        for call in request.calls:
            pipeline.run(call)
            if pipeline.stuck:
                return Spoken(tuple(pipeline.outputs), None)
        pipeline.put([end_marker(request)])
    return Spoken(tuple(pipeline.outputs), pipeline.second)


class Pipeline:
    """A pipeline at work, in a time of its own: only what is late or hangs takes any.

    Args:
        state: the host.
        request: what it is asked.
    """

    def __init__(self, state: HostState, request: Request) -> None:
        self.state = state
        self.request = request
        self.second = 0.0
        self.stuck = False
        self.outputs: list[tuple[float, str]] = []
        self._lines = [head_line(_facts(state))]
        self._succeeded: set[str] = set()
        self._another = _another(state, request.computer)

    def run(self, call: Call) -> CallResult:
        """Run a call, unless one before it never ends."""
        if self._lines and self.second >= self.request.patience:
            self.put([])
        end = _NEVER if self.request.seconds is None else self.request.seconds
        until = min(end, _NEVER if call.seconds is None else self.second + call.seconds)
        if self.second + 1 > until:
            result = CallResult(id=call.id, status=Status.UNANSWERED)
        else:
            result = self._result(call, min(until, self.second + UNLIMITED_SECONDS))
        if result.status is Status.OK:
            self._succeeded.add(call.id)
        line = result.line()
        if len(line) > MAX_LINE:
            error = CallFailedError("RemediateTooLong", f"The answer has {len(line)} characters.")
            line = CallResult(id=call.id, status=Status.ERROR, error=error.record).line()
        self._lines.append(line)
        return result

    def put(self, lines: list[str]) -> None:
        """Put out what is known, and some more."""
        text = "\n".join([*self._lines, *lines]).encode()
        packed = b64encode(gzip.compress(text, mtime=0)).decode()
        self.outputs.append((self.second, f"gzip:{packed}"))
        self._lines = []

    def _result(self, call: Call, until: float) -> CallResult:
        if not self._succeeded.issuperset(call.needs):
            return CallResult(id=call.id, status=Status.SKIPPED)
        hang = None if self._another else _hang(self.state, call)
        if hang == "stuck":
            self.stuck = True
            return CallResult(id=call.id, status=Status.UNANSWERED)
        if hang == "slow":
            self.second = until
            return CallResult(id=call.id, status=Status.ERROR, error=timed_out().record)
        if hang == "late":
            self.second += _LATE_SECONDS
        return _run(self.state, call, self._another)


def _hang(state: HostState, call: Call) -> Hang | None:
    """How a call hangs; what takes no limit cannot honour one."""
    resource = _resource_of(call.function) if state.hangs else None
    if resource is None:
        return None
    known = [state.hangs[kind] for kind in _kinds_read(resource) if kind in state.hangs]
    hang: Hang | None = "stuck" if "stuck" in known else next(iter(known), None)
    bounded = any(query.bounded for query in _queries(resource))
    return "stuck" if hang == "slow" and not bounded else hang


def _another(state: HostState, wanted: Computer | None) -> str:
    """Says which computer this is when another one is meant, as the envelope does."""
    found = _computer(state)
    if wanted is None or compare(wanted, found) in {Sameness.SAME, Sameness.BY_NAME}:
        return ""
    return f"This is computer {found.name}, and {wanted.name} is meant."


def _computer(state: HostState) -> Computer:
    """Which computer it is; its GUID stands in the registry, which may be closed."""
    closed = state.denied.get("registry_value") == "read"
    return Computer(name=state.name, guid="" if closed else machine_guid(state))


def _run(state: HostState, call: Call, another: str) -> CallResult:
    if another:
        error = CallFailedError("RemediateAnotherComputer", another)
        return CallResult(id=call.id, status=Status.ERROR, error=error.record)
    try:
        _check_reading(state, call)
        value = _function(call.function)(state, _arguments(call))
    except CallFailedError as error:
        return CallResult(id=call.id, status=Status.ERROR, error=error.record)
    return CallResult(id=call.id, status=Status.OK, value=json.loads(json.dumps(value)))


def _facts(state: HostState) -> HostFacts:
    return HostFacts(
        computer=_computer(state),
        powershell=state.powershell,
        os=state.os,
        culture=state.culture,
        utc=_text(state.clock().timestamp()),
    )


def _arguments(call: Call) -> Arguments:
    """A call's arguments; the secrets of one that has any are among them, as in `envelope.ps1`."""
    given = {name: secret.get_secret_value() for name, secret in call.secrets.items()}
    return call.arguments | {"secrets": given} if given else call.arguments


def _function(name: str) -> Function:
    if name in _HOST_FUNCTIONS:
        return _HOST_FUNCTIONS[name]
    verb = name.partition("-")[0]
    resource = _resource_of(name)
    if resource is None:
        raise no_such_command(name)
    if verb == "Get":
        return lambda state, arguments: _get(resource, state, arguments)
    return lambda state, arguments: _set(resource, state, arguments)


def _resource_of(function: str) -> type[Resource] | None:
    """Whose reader or writer a function is."""
    verb, _, noun = function.partition("-Remediate")
    known = _kinds() if verb in {"Get", "Set"} else ()
    return next((kind for kind in known if kind.function == noun), None)


def _queries(resource: type[Resource]) -> Iterator[type[Query]]:
    """Every question about a kind that is loaded, after loading all of ours."""
    _load_ours()
    todo = Query.__subclasses__()
    while todo:
        query = todo.pop()
        todo.extend(query.__subclasses__())
        if getattr(query, "resource", None) is resource:
            yield query


def _check_reading(state: HostState, call: Call) -> None:
    """Fails where a kind, or one that its script needs, cannot be read."""
    resource = _resource_of(call.function) if state.denied or state.lacks else None
    if resource is None:
        return
    for kind in _kinds_read(resource):
        check_access(state, kind, "read")
        if kind in state.lacks:
            raise no_such_command(call.function)


def _kinds_read(resource: type[Resource]) -> Iterator[str]:
    """Its own kind, and those whose readers its own one needs."""
    for kind in _kinds():
        if kind is resource or kind.reader in resource.reader_needs:
            yield kind.kind


@cache
def _load_ours() -> None:
    for module in pkgutil.iter_modules(remediate.resources.__path__, "remediate.resources."):
        importlib.import_module(module.name)


def _kinds() -> Iterable[type[Resource]]:
    """Every kind that is loaded, after loading all of ours."""
    _load_ours()
    return loaded_kinds().values()


def _get(resource: type[Resource], state: HostState, arguments: Arguments) -> list[JsonValue]:
    question = _query(resource, frozenset(arguments)).model_validate(arguments)
    found = list(_read(resource, state, **question.arguments()))
    if len(found) > MAX_LISTING:
        raise CallFailedError("RemediateTooMany", f"There are {len(found)}.")
    return list[JsonValue](found)


@cache
def _query(resource: type[Resource], names: frozenset[str]) -> type[Query]:
    """The question about a kind that takes arguments of these names.

    Raises:
        CallFailedError: there is none.
    """
    for query in _queries(resource):
        if query.model_fields.keys() == names:
            return query
    raise _binding(f"no query of {resource.kind} takes {sorted(names)}")


def _read(resource: type[Resource], state: HostState, **question: JsonValue) -> Iterator[Record]:
    try:
        yield from kind_of(resource.kind).read(state, **question)
    except ValueError as error:
        raise CallFailedError("RemediateUnreadable", str(error)) from error


def _set(resource: type[Resource], state: HostState, arguments: Arguments) -> list[JsonValue]:
    given = arguments.get("secrets", {})
    if not resource.secret >= given.keys():
        raise _binding(f"Set of {resource.kind} takes no secrets {sorted(given)}")
    if arguments.keys() - {"secrets"} != {"identity", "before", "after"}:
        raise _binding(f"Set takes identity, before and after, not {sorted(arguments)}")
    identity, before, after = (arguments[name] for name in ("identity", "before", "after"))
    unknown = after.keys() - resource.settable
    if unknown or before.keys() != after.keys() or identity.keys() != set(resource.identity):
        raise _binding(f"{resource.kind} cannot be written like that: {sorted(after)}")
    kind = kind_of(resource.kind)
    question = resource.query(identity).arguments()
    every = chain(_read(resource, state), _read(resource, state, **question))
    found = (one for one in every if is_it(one, identity))
    record = next(found, None) or resource.absent(identity)
    if record is None:
        raise CallFailedError("RemediateMissing", "It is no longer there.")
    for name, expected in before.items():
        if not resource.same(name, record[name], expected):
            raise CallFailedError(
                "RemediateStale",
                f"Its {name} is no longer what it was.",
                {"property": name, "current": record[name]},
            )
    wanted = resource.model_validate({**record, **after}).model_dump(mode="json")
    try:
        kind.write(state, record, {name: wanted[name] for name in after} | given)
    finally:  # a write that fails half-way has written, too
        _changed(state)
    return []


def _binding(message: str) -> CallFailedError:
    return CallFailedError(
        "ParameterBindingFailed",
        message,
        exception="System.Management.Automation.ParameterBindingException",
    )


def _changed(state: HostState) -> None:
    if state.changed:
        state.changed()


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shown(lease: Record) -> Record:
    return {**lease, "since": _text(lease["since"]), "until": _text(lease["until"])}


def _lock_lease(state: HostState, arguments: Arguments) -> list[JsonValue]:
    run, owner = arguments["run"], arguments["owner"]
    fence, ttl = arguments["fence"], arguments["ttl"]
    if language_mode(state) != FULL_LANGUAGE:
        msg = "Changing this host needs PowerShell in FullLanguage mode."
        raise CallFailedError("RemediateConstrained", msg)
    held, now, took = state.lease, int(state.clock().timestamp()), None
    if state.lease_active:
        detail = {"active": True, **(_shown(held) if held else {})}
        raise CallFailedError(
            "RemediateLeaseHeld", "Another run is writing at this moment.", detail
        )
    for freed in state.freed:
        if freed["run"] == run and freed["fence"] > fence:
            raise CallFailedError(
                "RemediateLeaseHeld", "This run has been given up.", _shown(freed)
            )
    if held is not None and not (
        (held["run"] == run and held["fence"] <= fence) or held["run"] in arguments["undoes"]
    ):
        if held["until"] > now:
            raise CallFailedError(
                "RemediateLeaseHeld", "Another run holds the lease.", _shown(held)
            )
        took = _shown(held)
    if held is not None and held["run"] != run:
        _remember(state, held)
    state.lease = {"run": run, "owner": owner, "fence": fence, "since": now, "until": now + ttl}
    _changed(state)
    return [{**_shown(state.lease), "took": took}]


def _remember(state: HostState, lease: Record) -> None:
    others = [one for one in state.freed if one["run"] != lease["run"]]
    state.freed = [lease, *others[:19]]


def _get_lease(state: HostState, arguments: Arguments) -> list[JsonValue]:  # noqa: ARG001 - takes none
    if state.lease is None:
        return []
    return [{**_shown(state.lease), "active": state.lease_active}]


def _unlock_lease(state: HostState, arguments: Arguments) -> list[JsonValue]:
    if state.lease is not None and state.lease["run"] == arguments["run"]:
        _remember(state, state.lease)
        state.lease = None
        _changed(state)
    return []


def _save_receipt(state: HostState, arguments: Arguments) -> list[JsonValue]:
    state.save_receipt({**arguments, "written": _text(state.clock().timestamp())})
    _changed(state)
    return []


def _get_receipts(state: HostState, arguments: Arguments) -> list[JsonValue]:  # noqa: ARG001 - takes none
    return [*state.receipts]


_HOST_FUNCTIONS: dict[str, Function] = {
    "Lock-RemediateLease": _lock_lease,
    "Get-RemediateLease": _get_lease,
    "Unlock-RemediateLease": _unlock_lease,
    "Save-RemediateReceipt": _save_receipt,
    "Get-RemediateReceipt": _get_receipts,
    **CONTENT_FUNCTIONS,
}
