"""A wrong password in a fleet, as the person at the terminal sees it: one logon in each command."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from remediate.lab.host import Spec
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.lab.server.auth import LabAccount
from remediate.lab.server.faults import Action, Fault, Step, When
from remediate.model.connection import Auth
from remediate.transport.watch import is_proof

Make = Callable[..., Any]
ADA = LabAccount("CONTOSO\\ada", "Right-7f3a")
NAMES = ["SRV01", "SRV02", "SRV03", "SRV04"]


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Hosts of one domain, an inventory of them, and the right password."""
    specs = [Spec(make_state(name), account=ADA) for name in NAMES]
    with Lab(specs, auth=Auth.NTLM) as lab:
        rows = [f"  {h.name}: {{address: {h.address}, port: {h.port}}}" for h in lab.hosts]
        head = "defaults: {user: CONTOSO\\ada, auth: ntlm}\nhosts:\n"
        (tmp_path / "prod.yaml").write_text(head + "\n".join(rows))
        monkeypatch.setenv("REMEDIATE_PASSWORD", ADA.password)
        yield lab


def logons(lab: Lab) -> int:
    return sum(
        is_proof(exchange.headers.get("authorization", ""))
        for host in lab.hosts
        for exchange in host.trace
    )


def test_a_wrong_password_has_one_exit_code_however_many_hosts_there_are(
    cli: Make, fleet: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMEDIATE_PASSWORD", "not-it")
    for number, limit in enumerate(("SRV01", "*"), start=1):
        done = cli("apply", "schedule-fix", "-i", "prod.yaml", "--limit", limit, "--yes")
        assert (done.code, logons(fleet)) == (5, number)
        assert "The request did not run there." in done.out


def test_one_host_says_logon_failed_and_the_others_name_it(
    cli: Make, fleet: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMEDIATE_PASSWORD", "not-it")
    done = cli("audit", "schedule-fix", "-i", "prod.yaml", "--workers", "1", "--verbose")
    assert (done.code, logons(fleet)) == (5, 1)
    assert "SRV01  LOGON FAILED  nothing was written" in done.out
    assert done.out.count("NOT TRIED  nothing was written") == 3
    assert "SRV04 was not tried: SRV01 did not take CONTOSO\\ada" in done.out
    assert "4 hosts: 3 not tried, 1 logon failed" in done.out


def test_programs_are_told_by_code(cli: Make, fleet: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMEDIATE_PASSWORD", "not-it")
    done = cli("hosts", "locks", "-i", "prod.yaml", "--format", "json", "--workers", "4")
    said = [(host["outcome"], host["problem"]["code"]) for host in done.data["hosts"]]
    elsewhere = ("unreachable", "account_refused_elsewhere")
    assert sorted(said) == [*[elsewhere] * 3, ("unreachable", "authentication_failed")]
    assert (done.code, logons(fleet)) == (5, 1)


def test_a_password_that_cannot_be_had_is_an_outcome_of_its_host(
    cli: Make, fleet: Lab, tmp_path: Path
) -> None:
    program = tmp_path / "ask.py"
    program.write_text(
        f"import sys; print({ADA.password!r}); sys.exit(9 if sys.argv[1] == 'SRV02' else 0)"
    )
    how = ["--password-from", f"command:'{sys.executable}' '{program}' {{host}}"]
    done = cli("hosts", "locks", "-i", "prod.yaml", "--format", "json", *how)
    assert done.code == 5, done.err
    problems = {host["host"]: host["problem"] for host in done.data["hosts"]}
    assert [name for name in NAMES if problems[name]] == ["SRV02"]
    assert problems["SRV02"]["code"] == "wrong_settings"
    says = f"the password program {sys.executable} failed with exit code 9"
    assert says in problems["SRV02"]["message"]
    alone = cli("audit", "schedule-fix", "-i", "prod.yaml", "--limit", "SRV02", *how)
    assert (alone.code, says in alone.out) == (5, True)
    assert fleet.hosts[1].requests == 0


def test_a_denied_host_is_headed_so(cli: Make, fleet: Lab) -> None:
    fleet.faults = (Fault(match=Step.CREATE, do=Action.FAULT, code=5, host="SRV01"),)
    done = cli("audit", "schedule-fix", "-i", "prod.yaml", "--limit", "SRV01")
    assert (done.code, "SRV01  ACCESS DENIED  nothing was written" in done.out) == (5, True)


def test_a_rollback_goes_through_the_same_gate(
    cli: Make, fleet: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("apply", "schedule-fix", "-i", "prod.yaml", "--yes").code == 0
    [run] = cli("runs", "list", "--format", "json").data["runs"]
    fleet.reset()
    monkeypatch.setenv("REMEDIATE_PASSWORD", "not-it")
    done = cli("rollback", run["run"]["id"], "--yes")
    assert logons(fleet) == 1, done.out + done.err
    assert done.out.count("account_refused_elsewhere") == 0
    assert done.out.count("was not tried") == 3


def test_so_does_a_reconcile_which_leaves_all_open(
    cli: Make, fleet: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Fault(match=Step.COMMAND, nth=2, count=0, do=Action.DROP, when=When.AFTER)
    fleet.faults = (lost,)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("remediate.engine.writing.RECOVERY_PAUSES", ())
        assert cli("apply", "schedule-fix", "-i", "prod.yaml", "--yes").code == 4
    fleet.faults = ()
    fleet.reset()
    monkeypatch.setenv("REMEDIATE_PASSWORD", "not-it")
    done = cli("runs", "reconcile")
    assert logons(fleet) == 1, done.out + done.err
    assert done.code == 4


def test_and_the_host_that_a_playbook_copies_from(
    cli: Make, fleet: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMEDIATE_PASSWORD", "not-it")
    words = ["--from", "SRV04", "-i", "prod.yaml", "--limit", "SRV0[123]"]
    done = cli("audit", "module-restore", *words)
    assert logons(fleet) == 1
    assert done.out.count("SRV04 did not take CONTOSO\\ada") == 3
