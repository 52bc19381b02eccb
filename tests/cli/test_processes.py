"""`--processes`: several share the hosts of a command, and all is as with one."""

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from remediate.lab.host import Spec
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.lab.server.auth import LabAccount
from remediate.lab.state import HostState
from remediate.model.connection import Auth
from remediate.transport.watch import is_proof
from tests.faults.canary import CANARY, files_with_it, seen_in

Make = Callable[..., Any]
ADA = LabAccount("CONTOSO\\ada", CANARY)
NAMES = ["SRV01", "SRV02", "SRV03", "SRV04"]
SECONDS = 60
PROC = Path("/proc")
linux = pytest.mark.skipif(not (PROC / "self/cmdline").exists(), reason="there is no /proc")


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Hosts of one domain, an inventory of them, and a file with the right password."""
    specs = [Spec(make_state(name), account=ADA) for name in NAMES]
    with Lab(specs, auth=Auth.NTLM) as lab:
        rows = [f"  {h.name}: {{address: {h.address}, port: {h.port}}}" for h in lab.hosts]
        head = "defaults: {user: CONTOSO\\ada, auth: ntlm, password: file:password}\nhosts:\n"
        (tmp_path / "prod.yaml").write_text(head + "\n".join(rows), encoding="utf-8")
        (tmp_path / "password").write_text(CANARY, encoding="utf-8")
        for name in ("prod.yaml", "password"):
            (tmp_path / name).chmod(0o600)
        monkeypatch.delenv("REMEDIATE_PASSWORD")
        yield lab


TWO = ("-i", "prod.yaml", "--processes", "2", "--workers", "2", "--format", "json")


def workers(parent: int) -> list[int]:
    """The processes that work for another one, in the order in which they were started."""
    found = []
    for path in PROC.glob("[0-9]*"):
        try:
            of = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if of == parent and b"remediate.cli.worker" in (path / "cmdline").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue  # it has ended
    return sorted(found)


def outcomes(done: Any) -> dict[str, str]:
    return {host["host"]: host["outcome"] for host in done.data["hosts"]}


def logons(lab: Lab) -> int:
    return sum(
        is_proof(exchange.headers.get("authorization", ""))
        for host in lab.hosts
        for exchange in host.trace
    )


@linux
def test_hosts_are_changed_and_no_password_is_seen(cli: Make, fleet: Lab, tmp_path: Path) -> None:
    """Not in the arguments or the environment of the processes, nor in what they say."""
    seen: list[bytes] = []

    def look(*_: object) -> None:
        for pid in workers(os.getpid()):
            seen.extend((PROC / str(pid) / name).read_bytes() for name in ("cmdline", "environ"))

    for host in fleet.hosts:
        host.state.before_pipeline = look
    done = cli("apply", "schedule-fix", "--yes", "--debug", *TWO)
    assert (done.code, outcomes(done)) == (0, dict.fromkeys(NAMES, "changed")), done.err
    assert len(seen) >= 4, "two processes with two files"
    assert not any(map(seen_in, [*seen, done.out, done.err]))
    assert "host=SRV01" in done.err or "SRV01" in done.err
    assert files_with_it(tmp_path / "store") == []
    assert workers(os.getpid()) == []
    assert [path.name for path in (tmp_path / "store" / "locks").iterdir()] == ["store.lock"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows hands its handles on in another way")
@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_are_nothing_to_them(
    closed: str, fleet: Lab, tmp_path: Path
) -> None:
    words = shlex.join([sys.executable, "-m", "remediate", "apply", "schedule-fix", "--yes", *TWO])
    done = subprocess.run(["/bin/sh", "-c", f"exec {words} {closed}"], cwd=tmp_path, check=False)
    assert done.returncode == 0
    assert all(host.trace for host in fleet.hosts)


@pytest.mark.slow
def test_a_wrong_password_is_tried_once_by_all(cli: Make, fleet: Lab, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("not-it", encoding="utf-8")
    done = cli("audit", "schedule-fix", *TWO, "--workers", "4")
    assert (done.code, logons(fleet)) == (5, 1), done.err
    assert list(outcomes(done).values()) == ["unreachable"] * 4


@linux
@pytest.mark.slow
def test_one_that_is_killed_in_the_middle_of_a_write(cli: Make, fleet: Lab, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill(state: HostState, pipeline: int) -> None:
        del state
        if pipeline == 2 and not killed:
            killed.append(workers(os.getpid())[0])
            os.kill(killed[0], signal.SIGKILL)

    fleet.hosts[0].state.before_pipeline = kill
    done = cli("apply", "schedule-fix", "--yes", *TWO)
    assert killed
    assert done.code == 4, done.err
    expected = {**dict.fromkeys(NAMES, "changed"), "SRV01": "indeterminate"}
    assert outcomes(done) == expected
    [lost] = [host for host in done.data["hosts"] if host["host"] == "SRV01"]
    assert "the process that worked on it ended by signal 9" in lost["problem"]["message"]
    [run] = cli("runs", "list", "--format", "json").data["runs"]
    assert (run["finished"] is not None, run["outcomes"]["indeterminate"]) == (True, 1)
    closed = cli("runs", "reconcile", *TWO)
    assert closed.code == 0, closed.err
    assert [one["report"]["outcome"] for one in closed.data["closed"]] == ["changed"]
    undone = cli("rollback", run["run"]["id"], "--yes", *TWO)
    assert (undone.code, set(outcomes(undone).values())) == (0, {"changed"}), undone.err


def started(*words: str) -> "subprocess.Popen[bytes]":
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup has who runs the tests ignore it
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "remediate", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGHUP, before)


def wait_for(what: Callable[[], Any]) -> Any:
    end = time.monotonic() + SECONDS
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def is_quiet(lab: Lab) -> bool:
    """Whether no host has heard anything for a second."""
    heard = [host.requests for host in lab.hosts]
    time.sleep(1.0)
    return heard == [host.requests for host in lab.hosts]


@linux
@pytest.mark.slow
def test_they_end_with_the_one_that_is_killed(cli: Make, fleet: Lab) -> None:
    """Nothing is written any more but what a host had got; and all that is told afterwards."""
    at_write: list[str] = []
    gone = threading.Event()

    def stand_still(state: HostState, pipeline: int) -> None:
        if pipeline == 2:
            at_write.append(state.name)
            gone.wait(SECONDS)

    for host in fleet.hosts:
        host.state.before_pipeline = stand_still
    process = started("apply", "schedule-fix", "--yes", *TWO)
    try:
        wait_for(lambda: at_write)
        others = workers(process.pid)
        assert len(others) == 2
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)
    wait_for(lambda: not any((PROC / str(pid)).exists() for pid in others))
    gone.set()
    wait_for(lambda: is_quiet(fleet))  # what a host had got is carried out
    written = set(at_write)
    assert len(written) <= 2, "no host was begun any more"
    closed = cli("runs", "reconcile", *TWO)
    found = {one["report"]["host"]: one["report"]["outcome"] for one in closed.data["closed"]}
    assert {name for name, outcome in found.items() if outcome == "changed"} == written
    assert set(found.values()) <= {"changed", "failed_unchanged", "skipped"}


@linux
@pytest.mark.slow
@pytest.mark.parametrize(
    "orders", [("SIGINT",), ("SIGTERM",), ("SIGHUP", "SIGHUP")], ids=lambda orders: orders[0]
)
def test_an_order_to_stop_is_told_by_the_one_that_hears_it(
    orders: tuple[str, ...], fleet: Lab
) -> None:
    """A terminal or a CI system sends it to all, and a terminal that goes away sends it twice.

    Hosts under way are finished, and no other is begun.
    """
    begun: list[str] = []
    writing: list[str] = []
    stopping = threading.Event()

    def note(state: HostState, pipeline: int) -> None:
        begun.append(state.name)
        if pipeline == 2:
            writing.append(state.name)
            stopping.wait(SECONDS)

    for host in fleet.hosts:
        host.state.before_pipeline = note
    process = started("apply", "schedule-fix", "--yes", *TWO[:-2])
    try:
        wait_for(lambda: writing)
        for order in orders:
            os.killpg(process.pid, getattr(signal, order))
            time.sleep(0.5)
        assert process.stderr is not None
        said = iter(process.stderr.readline, b"")
        assert any(b"Stopping: hosts under way are finished first." in line for line in said)
        time.sleep(0.5)  # the others are told, too
        stopping.set()
        out, err = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        stopping.set()
    assert process.returncode == 130, err
    changed = len(set(begun))
    assert changed in {1, 2}
    assert f"{changed} changed, {len(NAMES) - changed} skipped".encode() in out
