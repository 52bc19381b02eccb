"""`--host .` is this machine itself, and nothing else ever is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remediate.cli.terminal import Terminal
from remediate.inventory.protocol import InventoryHost
from remediate.lab.hosts import make_state
from remediate.lab.kinds import put
from remediate.lab.state import HostState
from remediate.model.computer import Computer
from remediate.model.connection import Connection, Via
from remediate.model.host import Host
from remediate.testing.inventory import ListedInventory
from remediate.testing.local import MemoryPowerShell
from remediate.testing.transport import MemoryTransport
from remediate.transport.chosen import ChosenTransport
from tests.cli.conftest import Result, Unsent
from tests.cli.test_recorded import on_record, reached
from tests.faults.controller import policies

Cli = Callable[..., Result]


@pytest.fixture(autouse=True)
def _named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "srv01.contoso.com")
    monkeypatch.delenv("REMEDIATE_PASSWORD")


def here(state: HostState) -> Callable[..., ChosenTransport]:
    """The transport of the command line on a machine like this."""
    powershell = MemoryPowerShell(state)
    return lambda secret_for: ChosenTransport(secret_for, powershell=powershell)


def test_the_whole_story_needs_no_address_and_no_logon(cli: Cli) -> None:
    """Apply, what is told of it, and rollback as the report says it; under the machine's name."""
    state = make_state()
    before = policies(state)
    apply = cli("apply", "schedule-fix", "--host", ".", "--yes", transport=here(state))
    assert apply.code == 0, apply.err
    assert "SRV01  CHANGED" in apply.out
    assert policies(state) != before
    [undo] = [line for line in apply.out.splitlines() if "remediate rollback" in line]
    words = undo.partition("remediate ")[2].split()
    assert words[-2:] == ["--transport", "local"]
    undone = cli(*words, "--yes", transport=here(state))
    assert undone.code == 0, undone.err
    assert policies(state) == before


def test_it_has_no_other_settings(cli: Cli) -> None:
    result = cli("hosts", "list", "--host", ".")
    assert result.out.split() == ["SRV01", "transport", "local", "--host"]


def test_the_way_there_has_no_steps_that_are_of_a_network(cli: Cli) -> None:
    words = ("hosts", "check", "--host", ".", "--format", "json")
    result = cli(*words, transport=here(make_state()))
    assert result.code == 0, result.err
    [host] = result.data["hosts"]
    steps = {step["step"]: step["seen"] for step in host["steps"]}
    assert not {"name", "port", "tls", "winrm", "logon", "clock"} & steps.keys()
    assert next(iter(steps)) == "shell"
    assert steps["shell"] == "a program on this machine"
    assert steps["powershell"].startswith("PowerShell 5.1")


@pytest.mark.parametrize("account", ["filtered", "filtered of a domain"])
def test_a_terminal_that_does_not_run_as_administrator_is_named(account: str, cli: Cli) -> None:
    state = make_state()
    put(state, {"session": {"account": account}})
    words = ("hosts", "check", "--host", ".", "--format", "json")
    [host] = cli(*words, transport=here(state)).data["hosts"]
    assert host["problem"]["code"] == "uac_filtered"
    assert "Run as administrator" in host["problem"]["hint"]
    steps = [(step["step"], step["state"]) for step in host["steps"]]
    assert steps[-2:] == [("administrator", "failed"), ("room", "not_tried")]


@pytest.mark.parametrize("denied", ["read", "write"])
def test_only_here_the_advice_is_to_start_the_terminal_as_administrator(
    denied: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = make_state()
    state.denied["scheduled_task"] = denied
    result = cli("apply", "schedule-fix", "--host", ".", "--yes", transport=here(state))
    assert result.code in {3, 6}
    assert "the terminal must have been started as administrator" in result.out
    words = ("apply", "schedule-fix", "--host", "SRV01", "--user", "ada", "--yes")
    monkeypatch.setenv("REMEDIATE_PASSWORD", "x")
    result = cli(*words, transport=lambda _: MemoryTransport({"SRV01": state}))
    assert "must be an administrator" in result.out
    assert "terminal" not in result.out


def test_a_restart_of_this_machine_is_refused(cli: Cli) -> None:
    state = make_state()
    options = ("--host", ".", "--yes", "--accept-irreversible", "--max-age", "1")
    result = cli("apply", "restart-server", *options, transport=here(state))
    assert result.code == 6, result.out
    assert "would end this command" in result.out
    assert "shutdown /r /t 0" in result.out


def test_elsewhere_than_on_windows_nothing_begins(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    result = cli("apply", "schedule-fix", "--host", ".", "--yes")
    result.explains(64, "on the Windows server itself", "Run remediate on the server")
    assert "No run is recorded" in cli("runs", "list").out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--user", "ada"], "--user is given"),
        (["--port", "5986", "--auth", "ntlm"], "--auth and --port are given"),
        (["--password-from", "env:X"], "--password-from is given"),
        (["--tls"], "--tls is given"),
        (["--transport", "winrs"], "--transport is given"),
    ],
)
def test_options_of_a_connection_are_refused_by_name(
    options: list[str], says: str, cli: Cli, unsent: Unsent
) -> None:
    cli("audit", "--host", ".", *options, transport=unsent).explains(64, says, "Leave out")


@pytest.mark.parametrize("name", ["srv01", "SRV01.contoso.com.", "srv01:5986"])
def test_it_is_not_taken_twice(name: str, cli: Cli, unsent: Unsent) -> None:
    """Whichever is named first."""
    for names in ((".", name), (name, ".")):
        words = [word for one in names for word in ("--host", one)]
        for verb in (("hosts", "list"), ("audit",)):
            cli(*verb, *words, transport=unsent).explains(64, f"and --host {name} are the same")
    other = cli("hosts", "list", "--host", ".", "--host", "srv02", transport=unsent)
    assert "same server" not in other.out + other.err


def test_nothing_is_copied_from_another_host_to_it(cli: Cli, unsent: Unsent) -> None:
    words = ("apply", "module-restore", "--from", "SRV02", "--host", ".", "--yes")
    cli(*words, transport=unsent).explains(64, "copied from SRV02", "--from-folder")


def test_only_the_dot_is_this_machine(cli: Cli, unsent: Unsent) -> None:
    for name in ("SRV02", "localhost", "127.0.0.1", "SRV01"):
        words = ("audit", "--host", name, "--transport", "local")
        cli(*words, transport=unsent).explains(64, f"{name} is named", "--host .")
    cli("audit", "--host", ".:5985", transport=unsent).explains(64, "itself has no port")
    cli("audit", "--host", "..", transport=unsent).explains(64, "not a host name")
    cli("hosts", "pin", "--host", ".", transport=unsent).explains(64, "without TLS")


INVENTORIES = {
    "yaml": "hosts:\n  SRV02: {transport: local}\n",
    "json": '{"hosts": {"SRV02": {"transport": "local"}}}',
    "csv": "name,transport\nSRV02,local\n",
    "defaults.yaml": "defaults: {transport: local}\nhosts:\n  SRV02:\n",
}


@pytest.mark.parametrize("form", INVENTORIES)
def test_no_inventory_can_turn_a_host_into_this_machine(
    form: str, cli: Cli, unsent: Unsent, tmp_path: Path
) -> None:
    file = tmp_path / f"hosts.{form}"
    file.write_text(INVENTORIES[form])
    words = ("audit", "-i", file, "--user", "ada")
    cli(*words, transport=unsent).explains(64, "cannot turn a host into it", "psrp or winrs")


def test_nor_can_a_settings_file_and_what_it_says_of_connections_gives_way(
    cli: Cli, unsent: Unsent, tmp_path: Path
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("transport: local\n")
    words = ("audit", "--host", "SRV02", "--config", file)
    cli(*words, transport=unsent).explains(64, "cannot turn a host into it")
    file.write_text("transport: winrs\nuser: ada\nport: 5986\n")
    result = cli("hosts", "list", "--host", ".", "--config", file)
    assert result.out.split() == ["SRV01", "transport", "local", "--host"]


def test_nor_can_an_inventory_with_the_option(cli: Cli, unsent: Unsent, tmp_path: Path) -> None:
    file = tmp_path / "hosts.yaml"
    file.write_text("hosts:\n  '.': {address: 10.0.0.1}\n")
    words = ("audit", "-i", file, "--transport", "local")
    cli(*words, transport=unsent).explains(64, "for this machine itself, and . is named")


def test_nor_can_a_package_that_reads_inventories(
    monkeypatch: pytest.MonkeyPatch, cli: Cli, unsent: Unsent
) -> None:
    entry = InventoryHost("SRV02", "10.0.0.1", Connection(transport=Via.LOCAL, user="ada"))
    inventory = ListedInventory([entry])
    monkeypatch.setattr("remediate.inventory.opening.open_inventory", lambda *_: inventory)
    words = ("audit", "-i", "own:x")
    cli(*words, transport=unsent).explains(64, "for this machine itself, and SRV02 is named")


def local_record(name: str = "SRV01") -> Any:
    record = on_record(name)
    host = Host(name=name, address=name, port=5985, transport=Via.LOCAL)
    return record.model_copy(update={"host": host, "computer": Computer(name=name)})


def test_a_record_alone_does_not_lead_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can write the store could have it work on the machine of whoever undoes a run."""
    there = local_record()
    assert reached(there) == ["not_agreed"]
    assert reached(there, transport="local") == [there.host]
    assert reached(there, hosts=(".",)) == [there.host]
    assert reached(there, hosts=("SRV01=.",)) == [there.host]
    assert reached(local_record("SRV02"), transport="local") == ["wrong_settings"]
    monkeypatch.setattr(Terminal, "interactive", property(lambda _: True))
    monkeypatch.setattr("remediate.cli.recorded.agreed", lambda *_: True)
    assert reached(there) == [there.host]


def test_another_computer_than_the_one_on_record_is_refused(cli: Cli) -> None:
    """Whatever this machine is called, and whoever says that it is the one."""
    state, other = make_state(), make_state("SRV02")
    apply = cli("apply", "schedule-fix", "--host", ".", "--yes", transport=here(state))
    run = apply.out.partition("remediate rollback ")[2].split()[0]
    before = policies(other)
    for options in (["--transport", "local"], ["--host", "SRV01=."]):
        undone = cli("rollback", run, "--yes", *options, transport=here(other))
        assert undone.code == 6
        assert "SRV02" in undone.out
        assert policies(other) == before


def test_a_record_can_be_gone_on_with_the_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """WinRM has been repaired; or it is what has broken. Which computer answers is seen then."""
    monkeypatch.setenv("REMEDIATE_PASSWORD", "x")
    [over_winrm] = reached(local_record(), hosts=("SRV01=srv01.contoso.com",), user="ada")
    assert (over_winrm.transport, over_winrm.address) == (Via.PSRP, "srv01.contoso.com")
    [itself] = reached(on_record(), hosts=("SRV01=.",))
    assert (itself.transport, itself.password, itself.user) == (Via.LOCAL, None, None)
    assert reached(on_record(), transport="local") == ["wrong_settings"]
