"""This machine itself: which program is started, what it gets, what is said when it breaks."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Settings
from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.lab.hosts import make_state
from remediate.lab.state import HostState
from remediate.model.connection import Via
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.powershell import program
from remediate.powershell.messages import Call, Request, Status
from remediate.powershell.script import LEASE_READER, compose
from remediate.resources.scheduled_task import MultipleInstances
from remediate.resources.shadow_storage import ShadowStorage
from remediate.runner.serial import Serial
from remediate.testing.local import Death, MemoryPowerShell
from remediate.testing.store import MemoryStore
from remediate.transport import errors
from remediate.transport.chosen import ChosenTransport
from remediate.transport.local import PowerShell, executable, variables
from remediate.transport.process import Ran
from remediate.transport.protocol import Deadline
from tests.faults.controller import apply_run, policies, schedule_fix
from tests.transport.local_engine import EnginePowerShell

READER = ShadowStorage.reader
SECRET = "c4nary-Pässwörd_x000A_'\""
SCRIPT = "param([string] $Request)"
REQUEST = Request(run="audit", calls=(Call(id="a", function="Get-RemediateLease"),))
HERE = Host(name="SRV01", address="SRV01", port=5985, transport=Via.LOCAL)


def transport(powershell: PowerShell | None, **more: int) -> ChosenTransport:
    return ChosenTransport(lambda _: SecretStr("-"), powershell=powershell, **more)


def applied(powershell: PowerShell, store: MemoryStore) -> HostReport:
    settings = Settings(operator="ada@bastion")
    engine = Engine(transport(powershell), settings, store, sleep=lambda _: None, runner=Serial())
    [report] = engine.apply([HERE], schedule_fix(), apply_run())
    return report


class Ends:
    """A program that ends just so.

    Args:
        stdout: what it puts out.
        stderr: what it says beside.
        more: how it ends.
    """

    def __init__(self, stdout: bytes = b"", stderr: bytes = b"", **more: object) -> None:
        self.stdout, self.stderr, self.more = stdout, stderr, more

    def run(self, given: bytes, deadline: Deadline, most: int) -> Ran:
        del given, deadline
        ran = Ran(most, begun=True)
        ran.stdout += self.stdout
        ran.stderr += self.stderr
        for name, value in self.more.items():
            setattr(ran, name, value)
        return ran


CUT = json.dumps({"exception": "A.B", "message": "x", "error_id": "RemediateCutOff", "line": 0})
MOST = 1000


@pytest.mark.parametrize(
    ("ends", "error", "says", "after_send"),
    [
        (Ends(), errors.ProtocolError, "printed nothing", True),
        (Ends(exit_code=1), errors.RemoteError, "exit code 1", True),
        (Ends(stderr=b"no memory", exit_code=1), errors.RemoteError, "no memory", True),
        (Ends(b"gzip:AAAA\r\n"), errors.ProtocolError, "does not unpack", True),
        (Ends(late=True), errors.TimedOut, "may have begun", True),
        (Ends(late=True, begun=False), errors.TimedOut, "did not run", False),
        (Ends(b"x" * 2 * MOST), errors.ProtocolError, "more than a reply", True),
        (Ends(f"#remediate-failed {CUT}\n".encode()), errors.ConnectionLost, "not arrive", False),
    ],
)
def test_what_is_no_reply_is_never_a_success(
    ends: Ends, error: type, says: str, after_send: bool
) -> None:
    session = transport(ends, max_reply=MOST).session(HERE)
    with pytest.raises(error, match=says) as caught:
        session.run(SCRIPT, REQUEST, Deadline(30))
    assert type(caught.value) is error
    assert caught.value.after_send is after_send


def test_one_that_is_not_let_start_has_run_nothing() -> None:
    class Blocked:
        def run(self, given: bytes, deadline: Deadline, most: int) -> Ran:
            raise PermissionError(13, "blocked by group policy")

    with pytest.raises(errors.RemoteError, match="does not start: blocked by group") as caught:
        transport(Blocked()).session(HERE).run(SCRIPT, REQUEST, Deadline(30))
    assert not caught.value.after_send
    assert "AppLocker" in caught.value.hint


def test_elsewhere_than_on_windows_it_is_said_where_it_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    with pytest.raises(errors.WrongSettings, match="on the Windows server itself, and this is Lin"):
        transport(None).session(HERE)


@pytest.mark.parametrize(("there", "found"), [(["Sysnative"], "Sysnative"), ([], "System32")])
def test_the_program_is_windows_own_of_64_bits(
    there: list[str], found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the path, the working folder or a variable leads to."""
    for name in there:
        (tmp_path / name).mkdir()
    monkeypatch.setenv("SystemRoot", "/elsewhere")
    monkeypatch.setenv("PATH", "/elsewhere")
    assert executable(tmp_path) == tmp_path / found / "WindowsPowerShell/v1.0/powershell.exe"


def test_of_our_environment_it_gets_what_windows_has_set() -> None:
    """And neither secrets nor what PowerShell 7 or a person has put there."""
    ours = {
        "REMEDIATE_PASSWORD": "c4nary",
        "PROXY_PW": "c4nary",
        "PSModulePath": "C:\\Program Files\\PowerShell\\7\\Modules",
        "PATH": "C:\\evil",
        "SystemRoot": "C:\\evil",
        "COMPUTERNAME": "SRV01",
        "ProgramFiles": "C:\\evil",
        "ProgramW6432": "C:\\evil",
        "PROCESSOR_ARCHITECTURE": "x86",
        "PROCESSOR_ARCHITEW6432": "AMD64",
    }
    given = variables(Path("W"), Path("P"), ours)
    assert not {"REMEDIATE_PASSWORD", "PROXY_PW", "PROCESSOR_ARCHITEW6432"} & given.keys()
    assert "evil" not in str(given)
    assert given["COMPUTERNAME"] == "SRV01"
    assert given["ProgramFiles"] == given["ProgramW6432"] == "P"
    modules = "P/WindowsPowerShell/Modules;W/System32/WindowsPowerShell/v1.0/Modules"
    assert given["PSModulePath"].replace("\\", "/") == modules
    assert given[program.MODULES] == given["PSModulePath"]
    assert given["PROCESSOR_ARCHITECTURE"] == "AMD64"
    assert given["SystemRoot"] == "W"


def test_what_it_costs_is_a_program_for_each_round() -> None:
    """One for an audit, one more to write: as many as pipelines over WinRM."""
    powershell = MemoryPowerShell(make_state())
    [report] = Engine(transport(powershell), Settings(operator="-")).audit([HERE], schedule_fix())
    assert (report.outcome, len(powershell.given)) == (Outcome.WOULD_CHANGE, 1)
    store = MemoryStore()
    assert applied(powershell, store).outcome is Outcome.CHANGED
    assert len(powershell.given) == 3
    assert applied(powershell, MemoryStore()).outcome is Outcome.COMPLIANT
    assert len(powershell.given) == 4


AT_THE_WRITE = 2
DEATHS: Mapping[str, tuple[Death, Outcome]] = {
    "before it began": (Death(acts=False, begun=False, late=True), Outcome.FAILED_UNCHANGED),
    "before it acted": (Death(acts=False), Outcome.FAILED_UNCHANGED),
    "after it acted": (Death(acts=True), Outcome.CHANGED),
    "late, before it acted": (Death(acts=False, late=True), Outcome.FAILED_UNCHANGED),
    "late, after it acted": (Death(acts=True, late=True), Outcome.CHANGED),
}


@pytest.mark.parametrize("how", DEATHS)
def test_a_write_whose_program_dies_is_looked_at_and_not_repeated(how: str) -> None:
    death, outcome = DEATHS[how]
    state = make_state()
    before = policies(state)
    powershell = MemoryPowerShell(state, dies=lambda n: death if n == AT_THE_WRITE else None)
    report = applied(powershell, MemoryStore())
    assert report.outcome is outcome
    same = policies(state) == before
    assert same is (outcome is Outcome.FAILED_UNCHANGED)
    writes = [given for given in powershell.given if b"Set-RemediateScheduledTask" in given]
    assert sum(b'"function":"Set-' in given.partition(b"\n")[0] for given in writes) == 1


def test_where_no_program_starts_any_more_the_intent_stays_open() -> None:
    state = make_state()

    def dies(number: int) -> Death | None:
        return Death(acts=number == AT_THE_WRITE) if number >= AT_THE_WRITE else None

    report = applied(MemoryPowerShell(state, dies=dies), MemoryStore())
    assert report.outcome is Outcome.INDETERMINATE
    assert "runs reconcile" in (report.problem.hint if report.problem else "")


class Killed(BaseException):
    """The controller is gone."""


class Fatal(MemoryPowerShell):
    """One during whose write the controller is killed.

    Args:
        acts: the write is carried out all the same.
    """

    def __init__(self, state: HostState, *, acts: bool) -> None:
        super().__init__(state)
        self.acts = acts

    def run(self, given: bytes, deadline: Deadline, most: int) -> Ran:
        if len(self.given) == AT_THE_WRITE - 1:
            if self.acts:
                super().run(given, deadline, most)
            raise Killed
        return super().run(given, deadline, most)


@pytest.mark.parametrize("acts", [True, False])
def test_what_became_of_a_write_whose_controller_was_killed_is_found_out(acts: bool) -> None:
    """As over WinRM: the intent is durable, and what the machine is like then closes it."""
    state, store = make_state(), MemoryStore()
    before = policies(state)
    with pytest.raises(Killed):
        applied(Fatal(state, acts=acts), store)
    engine = Engine(
        transport(MemoryPowerShell(state)),
        Settings(operator="ada@bastion"),
        store,
        is_running=lambda _: False,
    )
    [(_, closed)] = engine.reconcile()
    assert closed.outcome is (Outcome.CHANGED if acts else Outcome.FAILED_UNCHANGED)
    assert (policies(state) == before) is not acts
    assert store.leases(apply_run().started) == []


with_an_engine = pytest.mark.skipif(
    find_pwsh() is None, reason=f"no PowerShell engine: {HOW_TO_GET_ONE}"
)


@with_an_engine
def test_a_real_one_answers(tmp_path: Path) -> None:
    powershell = EnginePowerShell(make_state(), tmp_path)
    script = compose(LEASE_READER)
    reply = transport(powershell).session(HERE).run(script.text, REQUEST, Deadline(240))
    assert reply["a"].status is Status.OK
    assert reply.host.computer.name == "SRV01"
    [ran] = powershell.runs
    assert (ran.exit_code, bytes(ran.stderr)) == (0, b"")


@with_an_engine
def test_a_real_one_gets_secrets_as_secure_strings(tmp_path: Path) -> None:
    powershell = EnginePowerShell(make_state(), tmp_path)
    script = """param([string] $Request, [hashtable] $Secrets)
$who = New-Object -TypeName System.Net.NetworkCredential -ArgumentList 'x', $Secrets['a pw']
foreach ($one in $who.Password.ToCharArray()) { [int] $one }"""
    sealed = {"a pw": powershell.seal(SECRET)}
    ran = powershell.run(program.standard_input(script, REQUEST, sealed), Deadline(240), 10_000)
    assert [int(line) for line in ran.stdout.split()] == [ord(one) for one in SECRET]


def test_secrets_are_sealed_each_by_itself_before_a_program_gets_them() -> None:
    sealed: list[str] = []

    class Sealing(MemoryPowerShell):
        def seal(self, secret: str) -> str:
            sealed.append(secret)
            return super().seal(secret)

    powershell = Sealing(make_state())
    secret = REQUEST.calls[0].model_copy(update={"secrets": {"pw": SecretStr(SECRET)}})
    request = Request(run="audit", calls=(secret,))
    reply = transport(powershell).session(HERE).run(SCRIPT, request, Deadline(30))
    assert reply["a"].status is Status.OK
    assert sealed == [SECRET]
    assert SECRET.encode() not in powershell.given[0]


def test_what_cannot_be_sealed_is_not_sent() -> None:
    class Unable(MemoryPowerShell):
        def seal(self, secret: str) -> str:
            raise OSError(2, "the profile is not loaded")

    powershell = Unable(make_state())
    secret = REQUEST.calls[0].model_copy(update={"secrets": {"pw": SecretStr(SECRET)}})
    request = Request(run="audit", calls=(secret,))
    with pytest.raises(errors.RemoteError, match="sealed for it: the profile is") as caught:
        transport(powershell).session(HERE).run(SCRIPT, request, Deadline(30))
    assert not caught.value.after_send
    assert SECRET not in str(caught.value)
    assert powershell.given == []


@with_an_engine
@pytest.mark.slow
def test_the_scripts_themselves_run_in_a_real_powershell(tmp_path: Path) -> None:
    state = make_state()
    powershell = EnginePowerShell(state, tmp_path)
    report = applied(powershell, MemoryStore())
    assert report.outcome is Outcome.CHANGED
    assert set(policies(state)) == {MultipleInstances.IGNORE_NEW}


@with_an_engine
@pytest.mark.slow
def test_a_real_one_that_hangs_is_ended_and_what_it_had_answered_counts(tmp_path: Path) -> None:
    state = make_state()
    state.hangs["shadow_storage"] = "stuck"
    first, *_ = REQUEST.calls
    hangs = Call(id="hangs", function="Get-RemediateShadowStorage", files=(READER,))
    request = Request(run="audit", calls=(first, hangs), patience=0)
    powershell = EnginePowerShell(state, tmp_path)
    script = compose((*LEASE_READER, READER))
    alone = Request(run="audit", calls=(first,), patience=0)
    begun = time.monotonic()
    transport(powershell).session(HERE).run(script.text, alone, Deadline(240))
    enough = max(10.0, 3 * (time.monotonic() - begun))
    with pytest.raises(errors.TimedOut) as caught:
        transport(powershell).session(HERE).run(script.text, request, Deadline(enough))
    partial = caught.value.partial
    assert partial is not None
    assert (partial["a"].status, partial["hangs"].status) == (Status.OK, Status.UNANSWERED)
