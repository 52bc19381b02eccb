"""Fault rules strike exactly where they say, and the host has acted or not as they say."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from remediate.lab.server.faults import Action, Fault, Step, When, load_faults

Make = Callable[..., Any]
"""A fixture that makes something; see conftest."""

NETWORK = requests.exceptions.ConnectionError


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
@pytest.mark.parametrize("when", list(When))
@pytest.mark.parametrize(
    ("do", "error"),
    [
        (Action.DROP, NETWORK),
        (Action.EMPTY, WinRMTransportError),
        (Action.HTML, WSManFaultError),
        (Action.FAULT, WSManFaultError),
        (Action.HANG, NETWORK),
        (Action.GARBAGE, Exception),
        (Action.UNAUTHORIZED, None),
        (Action.UNAVAILABLE, WinRMTransportError),
    ],
)
def test_the_host_has_acted_only_after(
    make_lab: Make, connect: Make, auth: str, when: When, do: Action, error: type[Exception] | None
) -> None:
    """The number of pipelines that ran tells the truth, whatever the client saw."""
    lab = make_lab()
    host = lab.hosts[0]
    with connect(host, auth=auth) as wsman:
        pool = RunspacePool(wsman)
        pool.open()
        lab.faults = (Fault(match=Step.COMMAND, do=do, when=when, seconds=0.05),)
        seen = _outcome(pool)
        lab.faults = ()
    assert host.state.pipelines == (when is When.AFTER)
    if error is not None:
        assert isinstance(seen, error)
    elif auth == "basic":
        assert isinstance(seen, AuthenticationError)


def _outcome(pool: RunspacePool) -> Exception | None:
    shell = PowerShell(pool).add_script("'hi'")
    try:
        shell.begin_invoke()
    except Exception as error:  # noqa: BLE001 - which one is what the test asks
        return error
    return None


def test_half_of_a_reply_is_half_of_a_reply(make_lab: Make, connect: Make) -> None:
    lab = make_lab(faults=[Fault(match=Step.COMMAND, do=Action.HALF)])
    pool = RunspacePool(connect(lab.hosts[0]))
    pool.open()
    assert isinstance(_outcome(pool), requests.exceptions.ChunkedEncodingError)
    assert lab.hosts[0].state.pipelines == 1


@pytest.mark.parametrize("do", [Action.DROP, Action.HALF, Action.EMPTY, Action.HANG])
def test_output_that_did_not_arrive_is_there_for_the_next_receive(
    make_lab: Make, connect: Make, do: Action
) -> None:
    rule = Fault(match=Step.RECEIVE, nth=3, do=do, when=When.AFTER, seconds=0.05)
    host = make_lab(faults=[rule]).hosts[0]
    pool = RunspacePool(connect(host))
    pool.open()
    shell = PowerShell(pool).add_script("'hi'")
    shell.begin_invoke()
    with pytest.raises(Exception):  # noqa: B017, PT011 - each fault has its own
        shell.poll_invoke()
    shell.poll_invoke()
    assert shell.output == ["hi"]
    pool.close()
    assert not host.leaks()


def test_a_rule_strikes_the_nth_of_its_kind_as_often_as_it_says(make_lab: Make, raw: Make) -> None:
    lab = make_lab(faults=[Fault(match=Step.CREATE, nth=2, count=2, do=Action.FAULT, code=77)])
    host = lab.hosts[0]
    assert [raw(host).create().fault for _ in range(4)] == [0, 77, 77, 0]
    assert [exchange.fault for exchange in host.trace] == [0, 77, 77, 0]


def test_a_rule_for_any_kind_counts_all_requests(make_lab: Make, raw: Make) -> None:
    lab = make_lab(faults=[Fault(nth=3, count=0, do=Action.FAULT)])
    client = raw(lab.hosts[0])
    assert client.create().fault == 0
    assert [client.receive().fault for _ in range(3)] == [0, 5, 5]


def test_a_rule_can_be_for_one_host(make_lab: Make, raw: Make) -> None:
    rule = Fault(do=Action.FAULT, host="SRV02")
    assert raw(make_lab(faults=[rule]).hosts[0]).create().fault == 0


def test_a_delay_is_followed_by_the_proper_reply(make_lab: Make, run: Make) -> None:
    lab = make_lab(faults=[Fault(do=Action.DELAY, count=0, seconds=0.01)])
    assert run(lab.hosts[0], "'hi'")[0].output == ["hi"]


def test_latency_is_asked_for_by_kind(make_lab: Make, run: Make) -> None:
    asked: list[Step] = []

    def latency(kind: Step) -> float:
        asked.append(kind)
        return 0.001

    run(make_lab(latency=latency).hosts[0], "'hi'")
    assert len(asked) == 6


def test_shells_outlive_connections(make_lab: Make, connect: Make) -> None:
    lab = make_lab()
    wsman: WSMan = connect(lab.hosts[0])
    with RunspacePool(wsman) as pool:
        lab.drop_connections()
        assert PowerShell(pool).add_script("'hi'").invoke() == ["hi"]
    assert lab.hosts[0].connections == 2


def test_an_interrupted_client_leaves_what_the_report_says(make_lab: Make, connect: Make) -> None:
    lab = make_lab(faults=[Fault(match=Step.DELETE, do=Action.DROP)])
    pool = RunspacePool(connect(lab.hosts[0]))
    pool.open()
    PowerShell(pool).add_script("'hi'").invoke()
    with pytest.raises(NETWORK):
        pool.close()
    leaks = lab.hosts[0].leaks()
    assert leaks
    assert (len(leaks.shells), len(leaks.commands)) == (1, 1)


@pytest.mark.parametrize("name", ["rules.json", "rules.yaml"])
def test_rules_are_read_from_a_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(json.dumps([{"match": "receive", "nth": 2, "do": "drop", "when": "after"}]))
    expected = Fault(match=Step.RECEIVE, nth=2, do=Action.DROP, when=When.AFTER)
    assert (expected,) == load_faults(path)


@pytest.mark.parametrize("name", ["rules.json", "rules.yaml"])
@pytest.mark.parametrize(
    "text",
    ["{", "5", '[{"do": "explode"}]', '[{"do": "drop", "nth": 0}]', "[" * 50_000, "[" + "9" * 5000],
    ids=["unclosed", "number", "unknown", "zero", "deep", "long number"],
)
def test_a_file_that_holds_no_rules_is_named(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=r"rules\.(json|yaml)"):
        load_faults(path)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes of this kind")
def test_rules_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rules.json")
    with pytest.raises(OSError, match="it is a named pipe"):
        load_faults(tmp_path / "rules.json")
