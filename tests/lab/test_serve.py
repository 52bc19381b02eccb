"""`lab serve` tells other programs where its hosts are, keeps their state, and ends when asked."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from remediate.lab.engines.protocol import BackendFactory
from remediate.lab.engines.simulated import simulated_backend_factory
from remediate.lab.hosts import load, make_state, make_states, save
from remediate.lab.kinds import records
from remediate.lab.lab import Lab
from remediate.lab.serve import described, serve
from remediate.lab.state import HostState
from remediate.model.connection import Auth

Make = Callable[..., Any]
"""A fixture that makes something; see conftest."""

SERVE = ["-m", "remediate", "lab", "serve", "--hosts", "2"]


class Pipe:
    """A standard input that ends when a test says so."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def read(self, size: int) -> str:
        assert self.ended.wait(30)
        return "" * size

    def fileno(self) -> int:
        raise ValueError


def test_who_serves_is_told_where_the_hosts_are(run: Make) -> None:
    pipe, seen = Pipe(), []

    def look(hosts: list[dict[str, Any]]) -> None:
        seen.extend(hosts)
        host = SimpleNamespace(**hosts[1], tls=False)
        (shell,) = run(host, "$PSVersionTable")
        assert "runs no scripts" in str(shell.streams.error[0])
        pipe.ended.set()

    serve(hosts=2, ready=look, source=pipe)  # type: ignore[arg-type] # as much of a file as is used
    assert [host["name"] for host in seen] == ["SRV01", "SRV02"]
    expected = {"name", "address", "port", "scheme", "user", "password", "auth", "ca_file"}
    assert expected == set(seen[0])
    assert tuple(seen[0][name] for name in ("address", "scheme", "auth", "ca_file")) == (
        "127.0.0.1",
        "http",
        "basic",
        None,
    )


@pytest.mark.parametrize(
    "stop", ["input", *(pytest.param(one, marks=pytest.mark.slow) for one in ("SIGTERM", "SIGINT"))]
)
def test_it_ends_in_order(stop: str) -> None:
    program = subprocess.Popen(
        [sys.executable, *SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout
        assert program.stdin
        hosts = json.loads(program.stdout.readline())["hosts"]
        assert len({host["port"] for host in hosts}) == 2
        if stop == "input":
            program.stdin.close()
        else:
            os.kill(program.pid, getattr(signal, stop))
        assert program.wait(60) == 0
        assert program.stderr
        assert program.stderr.read() == ""


def test_the_state_is_kept_in_its_file_after_every_change(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    pipe = Pipe()
    pipe.ended.set()
    serve(state=path, ready=[].append, source=pipe)  # type: ignore[arg-type] # as above
    assert load(path)[0].snapshot() == make_state().snapshot()
    states = make_states(2, 7)
    save(path, states)
    serve(state=path, ready=[].append, source=pipe)  # type: ignore[arg-type] # as above
    assert [state.snapshot() for state in states] == [state.snapshot() for state in load(path)]


@pytest.mark.parametrize(
    "text", ["[]", '{"name": 5}', '{"name": "x", "unknown": 1}', '{"hosts": 1}', "{"]
)
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"state\.json: not the state"):
        serve(state=path, ready=[].append, source=io.StringIO())


def test_tls_and_one_method(make_lab: Make) -> None:
    told: list[Any] = []
    pipe = Pipe()
    pipe.ended.set()
    serve(tls=True, auth=Auth.NTLM, ready=told.append, source=pipe)  # type: ignore[arg-type] # as above
    [[host]] = told
    assert (host["scheme"], host["auth"]) == ("https", "ntlm")
    assert host["ca_file"].endswith("ca.pem")


def test_the_same_seed_makes_the_same_hosts() -> None:
    first, second = make_states(30, 5), make_states(30, 5)
    assert [state.snapshot() for state in first] == [state.snapshot() for state in second]
    assert make_states(30, 6)[3].snapshot() != first[3].snapshot()
    wrong = [
        sum(task["multiple_instances"] != 2 for task in records(state, "scheduled_task"))
        for state in first
    ]
    assert wrong[0] == 2
    assert {0, 1, 2} <= set(wrong)


def test_a_port_that_is_taken_is_an_error(make_lab: Make) -> None:
    from remediate.lab.host import Spec

    port = make_lab().hosts[0].port
    with pytest.raises(OSError, match="address"), Lab([Spec(make_state(), port=port)]):
        pass


def test_hosts_that_do_not_listen_in_time_are_an_error_and_not_fewer_hosts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def slow(state: HostState) -> BackendFactory:
        time.sleep(0.3)
        return simulated_backend_factory(state)

    monkeypatch.setattr("remediate.lab.lab.START_WITHIN", 0.0)
    with pytest.raises(TimeoutError, match="do not listen in time"):
        Lab([make_state()], engine=slow).start()


def test_a_password_is_not_in_what_a_host_shows_of_itself(make_lab: Make) -> None:
    host = make_lab().hosts[0]
    assert host.password not in repr(host)
    assert host.password == described(host)["password"]
