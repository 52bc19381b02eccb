"""An address that leads to another computer, from the command line.

What a person did in the meantime is a NAT rule, a name in DNS, a DHCP lease, a restored machine.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from remediate.lab.hosts import healthy_host, make_state
from remediate.lab.lab import Lab
from remediate.lab.server.faults import Action, Fault, Step
from remediate.lab.state import HostState
from remediate.model.connection import Auth
from tests.faults.controller import policies
from tests.faults.forward import Forward

RIGHT = [2, 2, 2]


@dataclass
class Site:
    """SRVA, which is wrong, SRVB, which is right, and an address that leads to the first.

    Args:
        cli: runs commands.
        lab: serves both.
        forward: the address.
    """

    cli: Callable[..., Any]
    lab: Lab
    forward: Forward

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.forward.port}"

    def apply(self) -> Any:
        user = self.lab.hosts[0].user
        at = ("--host", self.name, "--user", user, "--auth", "ntlm")
        return self.cli("apply", "schedule-fix", "--yes", *at)

    def run(self) -> str:
        return str(self.cli("runs", "list", "--format", "json").data["runs"][0]["run"]["id"])

    def states(self) -> tuple[HostState, HostState]:
        first, second = self.lab.hosts
        return first.state, second.state


@pytest.fixture
def site(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr("remediate.engine.writing.RECOVERY_PAUSES", (0.0, 0.01))
    right = healthy_host("SRVB")
    with (
        Lab([make_state("SRVA"), right], auth=Auth.NTLM) as lab,
        Forward(lab.hosts[0]) as forward,
    ):
        monkeypatch.setenv("REMEDIATE_PASSWORD", lab.hosts[0].password)
        yield Site(cli, lab, forward)


def test_a_rollback_does_not_write_one_servers_values_into_another(site: Site) -> None:
    mine, theirs = site.states()
    start = policies(mine)[:3]
    assert site.apply().code == 0
    before = theirs.snapshot()
    site.forward.lead(site.lab.hosts[1])

    for form in ("--dry-run", "--yes"):
        refused = site.cli("rollback", site.run(), form, "--host", site.name)
        assert refused.code == 6, refused.out + refused.err
        assert f"{site.name}  REFUSED  nothing was written" in refused.out
        assert "this is about computer SRVA, and SRVB answers at the address" in " ".join(
            refused.out.split()
        )
        assert "--host NAME=ADDRESS" in refused.out
        assert (theirs.snapshot(), theirs.lease) == (before, None)

    site.forward.lead(site.lab.hosts[0])
    [applied] = [each for each in reversed(runs(site)) if each["run"]["kind"] == "apply"]
    undone = site.cli("rollback", applied["run"]["id"], "--yes", "--host", site.name)
    assert undone.code == 0, undone.out
    assert policies(mine)[:3] == start


def runs(site: Site) -> list[Any]:
    return list(site.cli("runs", "list", "--format", "json").data["runs"])


def test_reconcile_does_not_close_a_run_by_what_another_server_says(site: Site) -> None:
    mine, theirs = site.states()
    start = policies(mine)[:3]
    # SRVA drops the connection before it acts on the write
    site.lab.faults = (Fault(match=Step.COMMAND, nth=2, count=0, do=Action.DROP),)
    assert site.apply().code == 4
    site.lab.faults = ()
    before = theirs.snapshot()
    site.forward.lead(site.lab.hosts[1])

    open_ = site.cli("runs", "reconcile")
    assert open_.code == 4, open_.out
    assert f"{site.name}  UNKNOWN" in open_.out
    said = " ".join(open_.out.split())
    assert "this is about computer SRVA, and SRVB answers at the address" in said
    assert "tell rollback and runs reconcile where it is now: --host NAME=ADDRESS" in said
    document = site.cli("runs", "reconcile", "--format", "json").data
    [closed] = document["closed"]
    assert closed["report"]["problem"]["code"] == "another_computer"
    assert (theirs.snapshot(), theirs.lease) == (before, None)

    site.forward.lead(site.lab.hosts[0])
    closed = site.cli("runs", "reconcile")
    assert (closed.code, "UNCHANGED" in closed.out) == (3, True)
    assert policies(mine)[:3] == start


def test_a_server_that_was_renamed_is_told_from_another_one(site: Site) -> None:
    mine, _ = site.states()
    assert site.apply().code == 0
    mine.name = "SRVA-2026"
    refused = site.cli("rollback", site.run(), "--yes", "--host", site.name)
    assert refused.code == 6
    said = " ".join(refused.out.split())
    assert "the computer that was SRVA is SRVA-2026 now: it was renamed, or it is a clone" in said
    assert "accept it with --renamed SRVA" in said
    assert policies(mine)[:3] == RIGHT
