"""What a playbook promises, each as one call for a test: of ours, or of anybody's.

None of them needs a network, nor a test framework: what is broken is told by an AssertionError.
"""

import ast
import atexit
import dis
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any
from unittest import SkipTest, mock

from remediate.engine import writing
from remediate.engine.recorded import changes_to_undo
from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.lab.state import HostState
from remediate.model.change import Change
from remediate.model.outcome import Outcome
from remediate.model.plan import Plan
from remediate.model.run import RunKind
from remediate.powershell.messages import Request
from remediate.testing.case import Case, Engine
from remediate.testing.expect import expect
from remediate.testing.powershell import PowerShellHosts
from remediate.testing.reports import explain, plan_of
from remediate.testing.states import Resources, edit, find, still
from remediate.testing.story import HOST, Seen, Teller, ends
from remediate.testing.transport import MemoryTransport, Trouble
from remediate.transport.errors import ConnectionLost, TimedOut

ERRORS = (ConnectionLost, TimedOut)
_AWAY = range(3, 20)
_TRUE = {Outcome.CHANGED, Outcome.FAILED_UNCHANGED, Outcome.FAILED_CHANGED, Outcome.ROLLED_BACK}


def tell(case: Case, engine: Engine = "simulated") -> None:
    """Audit, apply, prove and undo a case; a dry run changes nothing, and nothing is left behind.

    What somebody edits after the apply is kept and named. A host that moved while a person looked
    at the plan is left alone.

    Args:
        case: the case.
        engine: what answers for the host: the lab's Python, or also our own code in a real
            PowerShell over stand-ins for Windows' commands, and then both have to agree.

    Raises:
        AssertionError: something is not as it has to be; says what.
        SkipTest: there is no such engine on this machine, or the case says that it is not for it.
    """
    if engine not in case.engines:
        raise SkipTest(f"not for the {engine} engine: {case.why}")
    if engine == "simulated":
        Teller.in_memory(case, thorough=True).tell()
        if case.changes_something:
            _move_meanwhile(case)
    elif find_pwsh() is None:
        raise SkipTest(f"no PowerShell engine: {HOW_TO_GET_ONE}")
    else:
        compare(case, shared_hosts())


def compare(case: Case, hosts: PowerShellHosts, *, short: bool = False) -> None:
    """Tell the story of a case in a real PowerShell, and make sure that both engines agree.

    Args:
        case: the case.
        hosts: with the engine.
        short: end the story with the rollback.

    Raises:
        AssertionError: they do not, or something else is not as it has to be.
    """
    real = hosts.tell(case, short=short)
    if "simulated" in case.engines:
        agree(real, Teller.in_memory(case, short=short, compared=True).tell())


def agree(real: Seen, simulated: Seen) -> None:
    """Make sure that what was seen is the same on both engines.

    Args:
        real: on the PowerShell engine.
        simulated: on the other.

    Raises:
        AssertionError: it is not.
    """
    expect(
        "The beats on the PowerShell engine", [beat for beat, _ in real], [b for b, _ in simulated]
    )
    for (beat, seen), (_, wanted) in zip(real, simulated, strict=True):
        expect(f"{beat}: what the PowerShell engine says", seen, wanted)


@cache
def shared_hosts() -> PowerShellHosts:
    """The hosts with a PowerShell engine of this process; they end with it."""
    hosts = PowerShellHosts()
    atexit.register(hosts.close)
    return hosts


def _move_meanwhile(case: Case) -> None:
    """The plan that was agreed to is the plan that is carried out, or none is."""
    teller = Teller.in_memory(case)
    run = teller.new_run(RunKind.APPLY)
    moved: list[Resources] = []

    def agree_late(plan: Plan) -> bool:
        if edit(teller.state, plan.changes[0]) is None:
            return False  # there is no third value that somebody could give it
        moved.append(teller.resources())
        return True

    [report] = teller.engine.apply([HOST], teller.work, run, confirm=agree_late)
    if not moved:
        return
    if report.outcome is Outcome.CHANGED:
        raise AssertionError(f"It was applied to a host that had moved: {explain(report)}")
    expect("A host that had moved", still(teller.resources()), still(moved[0]))


# --- a connection that is lost ------------------------------------------------------------------


def lose_connection(case: Case, error: type[ConnectionLost | TimedOut] = ConnectionLost) -> None:
    """Lose the connection in each pipeline that writes, after each of its calls, and for good.

    Whatever part of a pipeline the host still carried out, the report says what is so.

    Args:
        case: the case; nothing is lost where nothing is changed.
        error: how it is lost.

    Raises:
        AssertionError: something is not as it has to be; says what.
    """
    if not case.changes_something:
        return
    calm = Teller.in_memory(case)
    calm.apply()
    requests = calm.recorder.requests
    with mock.patch.object(writing, "RECOVERY_PAUSES", (0.0, 0.0)):
        for number, request in enumerate(requests[1:], start=2):
            for done in (-1, *ends(range(len(request.calls)))):
                _lose(case, {number: Trouble(error, done)})
        away = dict.fromkeys(_AWAY, Trouble(error))
        _lose(case, {len(requests): Trouble(error, -1), **away})


def _lose(case: Case, troubles: dict[int, Trouble]) -> None:
    try:
        _apply_in_trouble(case, troubles)
    except BaseException as failure:
        failure.add_note(f"in case {case.id}, with this trouble by number of pipeline: {troubles}")
        raise


def _apply_in_trouble(case: Case, troubles: dict[int, Trouble]) -> None:
    transport = MemoryTransport({}, troubles.get)
    one = Teller.in_memory(case, transport)
    start = one.windows()
    report = one.apply()
    expect("What was written twice", _twice(one.recorder.requests), [])
    transport.trouble = lambda _: None
    if report.outcome is Outcome.INDETERMINATE:
        [(_, report)] = one.engine.reconcile()
    if report.outcome not in _TRUE:
        raise AssertionError(f"No verdict about what is so: {explain(report)}")
    if report.outcome is Outcome.CHANGED:
        found = plan_of(one.audit("after trouble"))
        expect("What is left to change where all is said to be", found.changes, ())
    hosts = one.store.run(one.applied_run).hosts
    changes = [change for host in hosts for change in changes_to_undo(host)]
    lasting = [change for change in changes if not change.reversible and is_so(one.state, change)]
    if case.goes_back:
        if report.outcome in {Outcome.CHANGED, Outcome.FAILED_CHANGED}:
            one.rollback(one.applied_run)
        one.is_now("The host after trouble and rollback", start, lasting)
    one.is_free()


def is_so(state: HostState, change: Change) -> bool:
    """Whether a change is in force, if that can be seen."""
    return change.renews or find(state, change)[change.property] == change.after


def _twice(requests: list[Request]) -> list[str]:
    """The values that were written to anything more than once, but for what goes in parts."""
    calls = [
        repr((call.function, call.arguments))
        for request in requests
        for call in request.calls
        if call.function.startswith("Set-") and call.seconds is None
    ]
    return sorted({call for call in calls if calls.count(call) > 1})


# --- what cases have to cover -------------------------------------------------------------------


def unreached(cases: Sequence[Case]) -> list[str]:
    """The statements of the playbooks that no case reaches, as `file:line: text`, and the rules.

    So every refusal, every guard and every piece of advice has been seen to be given, and each
    rule that a playbook states has been found by an audit.

    Args:
        cases: of one playbook, or of several.
    """
    return [
        missed
        for playbook in dict.fromkeys(case.playbook for case in cases)
        for missed in _unreached([case for case in cases if case.playbook == playbook])
    ]


def _unreached(cases: Sequence[Case]) -> Iterator[str]:
    [task] = cases[0].job().tasks
    path = Path(sys.modules[type(task.playbook).__module__].__file__ or "")
    text = path.read_text(encoding="utf-8")
    statements = {
        node.lineno
        for function in ast.walk(ast.parse(text))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.stmt) and node is not function
    }
    wanted = statements & set(_lines(compile(text, str(path), "exec"), inside=False))
    lines, rules = _missed(path, cases, wanted, task.playbook.rules)
    for number in sorted(lines):
        yield f"{path.name}:{number}: {text.splitlines()[number - 1]}"
    for rule in rules:
        yield f"{path.name}: no case finds the rule {rule}"


def _missed(
    path: Path, cases: Iterable[Case], lines: set[int], rules: Sequence[str]
) -> tuple[set[int], list[str]]:
    """The lines of a playbook that no audit of a case passes through, and the rules none finds."""
    reached: set[int] = set()
    found: set[str] = set()

    def trace(frame: FrameType, event: str, _: object) -> Any:  # noqa: ANN401 - as sys.settrace has it
        if frame.f_code.co_filename != str(path):
            return None
        if event == "line":
            reached.add(frame.f_lineno)
        return trace

    before = sys.gettrace()
    for case in cases:
        if reached >= lines and found.issuperset(rules):
            break
        teller = Teller.in_memory(case)
        sys.settrace(trace)
        try:
            plan = teller.audit("audit").plan
        finally:
            sys.settrace(before)
        if plan is not None:
            found.update(change.rule for change in plan.changes)
            found.update(advice.rule for advice in plan.advice)
    return lines - reached, [rule for rule in rules if rule not in found]


def _lines(code: CodeType, *, inside: bool) -> Iterator[int]:
    """Lines of the functions of a module on which something happens."""
    if inside:
        yield from (number for _, number in dis.findlinestarts(code) if number)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _lines(constant, inside=inside or not constant.co_name[0].isupper())
