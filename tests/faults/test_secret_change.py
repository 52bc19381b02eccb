"""A secret that a change needs travels beside the request, and is found nowhere else."""

import hashlib
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from remediate.engine.job import Job, Task
from remediate.lab.engines.path import find_pwsh
from remediate.lab.engines.powershell import PowerShellEngine
from remediate.lab.kinds import add_folder
from remediate.lab.lab import Lab
from remediate.lab.server.faults import Action, Fault, Step, When
from remediate.model.outcome import Outcome
from remediate.playbook import Playbook, PlaybookParams
from remediate.powershell.messages import Call, Request
from remediate.powershell.script import compose
from remediate.report.lines import host_lines
from remediate.report.reporter import Subject
from remediate.resources.base import Query, Resource
from remediate.resources.registry_value import RegistryValue
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpTransport
from tests.faults.canary import CANARY, files_with_it, seen_in, sent_in_clear
from tests.faults.controller import apply_run, engine_for, open_store

add_folder(Path(__file__).parent)
DIGEST = hashlib.sha256(CANARY.encode()).hexdigest()


class Logon(Resource):
    """A logon whose password nobody can read.

    Args:
        name: of the logon.
        given: whether it has a password.
    """

    kind: ClassVar[str] = "own_logon"
    noun: ClassVar[str] = "logon"
    function: ClassVar[str] = "OwnLogon"
    reader: ClassVar[Path] = RegistryValue.reader  # which a simulated host does not run
    writer: ClassVar[Path] = RegistryValue.reader
    identity: ClassVar[tuple[str, ...]] = ("name",)
    settable: ClassVar[frozenset[str]] = frozenset({"given"})
    secret: ClassVar[frozenset[str]] = frozenset({"password"})

    name: str
    given: bool

    @classmethod
    def query(cls, key: Any) -> "Logons":
        return Logons(name=key["name"])


class Logons(Query):
    """A logon."""

    resource: ClassVar[type[Resource]] = Logon

    name: str


class GiveIt(Playbook[PlaybookParams]):
    """A proxy that wants to know who asks."""

    id = "give-it"
    title = "Give a logon its password"
    source = "https://example.com/kb/7"

    def observe(self, params: PlaybookParams) -> list[Any]:
        return [Logons(name="proxy")]

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        yield seen.one(Logon).should(given=True, password=SecretStr(CANARY))


JOB = Job((Task(GiveIt(), PlaybookParams()),))


def test_a_secret_reaches_its_place_and_no_other(new_store: Callable[[], Path]) -> None:
    """Audit, plan, apply, a host that repeats it, a connection that breaks; store and events."""
    file, told = new_store(), []
    lost = Fault(match=Step.COMMAND, nth=2, do=Action.DROP, when=When.AFTER)
    with Lab() as lab, open_store(file) as store:
        [host] = lab.hosts
        [own] = host.state.section("own_logon") or [{"name": "proxy", "given": False}]
        host.state.windows["own_logon"] = [own]
        engine = engine_for(
            store, host.account.password, emit=lambda event: told.append(event.model_dump_json())
        )
        engine = replace(engine, settings=replace(engine.settings, accept_irreversible=True))
        target = [host.target()]

        [dry] = engine.audit(target, JOB)
        reports = [dry]
        assert dry.plan
        assert dry.plan.irreversible == ("logon proxy as it is now",)
        assert [change.secrets for change in dry.plan.changes] == [("password",)]
        own["echoes"] = True
        reports += engine.apply(target, JOB, apply_run("echoed"))
        assert reports[-1].problem
        assert "[secret]" in reports[-1].problem.message
        own.pop("echoes")
        before = len(host.trace)
        reports += engine.apply(target, JOB, apply_run("given"))
        assert reports[-1].outcome is Outcome.CHANGED
        assert len(host.trace) - before == 10, "8, and 2 for the key"
        assert own == {"name": "proxy", "given": True, "digest": DIGEST}
        own |= {"given": False, "digest": ""}
        lab.faults, _ = (lost,), host.counters.clear()
        reports += engine.apply(target, JOB, apply_run("lost"))
        lab.faults = ()
        assert own["digest"] in ("", DIGEST)
        assert sent_in_clear(host) == []
        assert not seen_in(repr(host.state.snapshot()))
    assert files_with_it(file.parent) == []
    assert told
    shown = [form for report in reports for form in (report.model_dump_json(), repr(report))]
    for report in reports:
        subject = Subject(command="apply", hosts=[report.host], run="given")
        shown += ["".join(t for t, _ in each.spans) for each in host_lines(report, subject)]
    assert not [text for text in (*told, *shown) if seen_in(text)]
    assert "written with it, and shown nowhere: password" in "\n".join(shown)


@pytest.mark.skipif(find_pwsh() is None, reason="there is no PowerShell engine")
def test_a_real_engine_is_given_a_secure_string() -> None:
    """In no script, no argument in clear, and gone with the call that it is for."""
    script = compose([]).text.replace(
        "Invoke-RemediateRequest -Request",
        """
function Get-RemediateTold {
    param([hashtable] $Secrets)
    $one = $Secrets['password']
    $shell = 'System.Management.Automation.PSCredential'
    $text = (New-Object -TypeName $shell -ArgumentList 'x', $one).GetNetworkCredential().Password
    @{ type = $one.GetType().Name; text = [int[]] $text.ToCharArray(); names = @($Secrets.Keys) }
}
function Get-RemediateUntold { param([hashtable] $Secrets) @{ none = $null -eq $Secrets } }
Invoke-RemediateRequest -Request""",
    )
    calls = (
        Call(id="a", function="Get-RemediateTold", secrets={"password": SecretStr(CANARY)}),
        Call(id="b", function="Get-RemediateUntold"),
    )
    request = Request(run="audit", calls=calls)
    with Lab(engine=PowerShellEngine(ready=0)) as lab:
        [host] = lab.hosts
        session = PsrpTransport(lambda _: SecretStr(host.account.password)).session(host.target())
        try:
            reply = session.run(script, request, Deadline(60))
            again = session.run(script, request, Deadline(60))
        finally:
            session.close()
        assert sent_in_clear(host) == []
    [told], [untold] = reply["a"].value, reply["b"].value
    assert told == {
        "type": "SecureString",
        "text": [ord(letter) for letter in CANARY],
        "names": ["password"],
    }
    assert untold == {"none": True}
    assert again["a"].value == reply["a"].value


def test_no_dump_of_a_request_has_it() -> None:
    call = Call(id="a", function="Set-RemediateX", secrets={"password": SecretStr(CANARY)})
    request = Request(run="audit", calls=(call,))
    desire = Logon(name="x", given=False).should(given=True, password=SecretStr(CANARY))
    for form in (
        request.encode(),
        request.model_dump_json(),
        repr(request.model_dump()),
        repr(request),
        repr(desire),
        desire.model_dump_json(),
        pickle.dumps(list(desire.changes("give-it"))),
    ):
        assert not seen_in(form)


def test_a_secret_is_given_as_one_and_with_what_proves_it() -> None:
    logon = Logon(name="x", given=False)
    with pytest.raises(TypeError, match="password has to be a SecretStr"):
        logon.should(given=True, password="typed")
    with pytest.raises(ValueError, match="password of own_logon needs a property that proves it"):
        logon.should(password=SecretStr(CANARY))
    assert list(logon.should(given=False, password=SecretStr(CANARY)).changes("x")) == []
