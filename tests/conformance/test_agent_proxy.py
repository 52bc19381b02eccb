"""The agent's proxy is read and written alike through both doors."""

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest
from pydantic import SecretStr

from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import records
from remediate.lab.state import HostState, Record
from remediate.powershell.messages import Call, CallResult
from remediate.resources.agent_proxy import AgentProxies, AgentProxy
from remediate.testing.powershell import PowerShellHosts
from tests.conformance.doors import Asked, Door, PowerShellDoor
from tests.faults.canary import CANARY, command_lines, forms, seen_in

pytestmark = pytest.mark.powershell
QUESTION = AgentProxies().arguments()
OURS: Record = {"server": "http://proxy.contoso.com", "port": 8080, "user": r"CONTOSO\backup"}
OTHER_FORM = "has another form than is known"
NONE: Record = {"server": "", "port": 0, "user": ""}


@pytest.mark.parametrize(
    "short",
    [
        pytest.param({**OURS, "password": "theirs"}, id="whole"),
        pytest.param(
            {**OURS, "told": ["Enabled", "ProxyPort", "ProxyServer"]},
            id="no-user-told",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"told": ["Enabled", "ProxyPort", "ProxyServer"]}, id="none", marks=pytest.mark.slow
        ),
    ],
)
def test_it_is_read_as_the_agent_has_it(door: Door, short: Record) -> None:
    one = Asked(door, AgentProxy.kind, short)
    assert one.get(**QUESTION) == records(one.state, AgentProxy.kind)


@pytest.mark.parametrize(
    ("short", "why"),
    [
        pytest.param({"told": []}, OTHER_FORM, id="no-proxy", marks=pytest.mark.slow),
        pytest.param(
            {"told": ["Enabled", "ProxyServer"]}, OTHER_FORM, id="no-port", marks=pytest.mark.slow
        ),
        pytest.param(
            {"server": "http://me:secret@old", "port": 1}, "has an account in it", id="account"
        ),
        pytest.param(
            {"fails": {"Get-OBMachineSetting": "NotRegistered"}},
            "NotRegistered.",
            id="fails",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_is_not_told_is_no_answer(door: Door, short: Record, why: str) -> None:
    result = Asked(door, AgentProxy.kind, short).call("Get", **QUESTION)
    assert result.error
    assert why in result.error.message
    assert "secret" not in result.error.message


def write(one: Asked, before: Record, after: Record, password: str = "") -> CallResult:
    [found] = records(one.state, AgentProxy.kind)
    call = Call(
        id="1",
        function="Set-RemediateAgentProxy",
        arguments={
            "identity": {"path": found["path"]},
            "before": {"proxy": before},
            "after": {"proxy": after},
        },
        secrets={"password": SecretStr(password)} if password else {},
    )
    return one.door.send([call])["1"]


@pytest.mark.slow
def test_a_user_with_a_password_is_given_and_taken_away(door: Door) -> None:
    one = Asked(door, AgentProxy.kind, {})
    assert not write(one, NONE, OURS, CANARY).error
    assert kept(one.state) == {**OURS, "password": hashlib.sha256(CANARY.encode()).hexdigest()}
    assert not write(one, OURS, NONE).error
    assert kept(one.state) == {**NONE, "password": ""}


def test_another_module_than_the_agent_s_is_not_asked(door: Door) -> None:
    one = Asked(door, AgentProxy.kind, {})
    result = one.set({"path": r"C:\Windows\Temp"}, {"proxy": OURS}, proxy=NONE)
    assert result.error
    assert result.error.error_id.startswith("RemediateMissing")


def kept(state: HostState) -> Record:
    known = state.windows["agent_proxy"]
    return {name: known[name] for name in (*OURS, "password")}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are not shown")
def test_a_password_is_on_no_command_line_and_in_no_environment(
    powershell: PowerShellHosts,
) -> None:
    """Of no process of this machine, looked at all the while that the agent's command runs."""
    secret = token_hex()  # another test may have a canary in an environment meanwhile
    state, shown, done = healthy_host(), set[str](), threading.Event()
    state.hangs = {AgentProxy.kind: "late"}
    door = PowerShellDoor(powershell)

    def look() -> None:
        while not done.is_set():
            shown.update(command_lines(), environments())
            done.wait(0.1)

    one = Asked(door, AgentProxy.kind, {})
    one.door.become(state)
    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        result = write(one, NONE, OURS, secret)
    finally:
        done.set()
        watcher.join()
    assert not result.error
    assert kept(one.state)["password"] == hashlib.sha256(secret.encode()).hexdigest()
    assert any("REMEDIATE_LAB_STATE" in line for line in shown), "its environment was looked at"
    assert not [line for line in shown if seen_in(line, forms(secret))]


def environments() -> Iterator[str]:
    """The environment of every process of this machine that we may look into."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            yield path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
