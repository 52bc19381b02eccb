"""Hosts in waves, as one asks for them on the command line."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from tests.cli.conftest import Result

Cli = Callable[..., Result]
WAVES = ("--canary", "1", "--batch", "2", "--max-failed", "0", "-i", "prod.yaml")
STOPPED = "the run stopped before its turn came: 1 of 8 hosts failed (none allowed)"


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Eight hosts in an inventory, of which the third denies what is to be written."""
    states = [make_state(f"SRV{number}") for number in range(1, 9)]
    states[2].denied = {"scheduled_task": "write"}
    with Lab(states) as lab:
        monkeypatch.setenv("REMEDIATE_PASSWORD", lab.hosts[0].password)
        hosts = {one.name: {"address": one.address, "port": one.port} for one in lab.hosts}
        defaults = {"user": lab.hosts[0].user}
        Path("prod.yaml").write_text(json.dumps({"hosts": hosts, "defaults": defaults}))
        yield lab


def rows_of(page: str) -> list[tuple[str, str, str]]:
    [section] = re.findall(r'<h2 id="waves">(.*?)</section>', page, re.DOTALL)
    row = r'<th scope="row">(.*?)</th><td class="number">(.*?)</td><td>(.*?)</td><td'
    return re.findall(row, section)


def test_all_reports_say_the_same_of_each_wave_then_as_later(cli: Cli, fleet: Lab) -> None:
    files = [f"--report={form}=a.{form}" for form in ("html", "markdown", "junit", "sarif")]
    done = cli("apply", "schedule-fix", "--yes", *WAVES, *files, "--format", "json")
    assert done.code == done.data["exit_code"] == 3
    third, *rest = (one for one in done.data["waves"] if one["wave"] > 1)
    assert [one["hosts"] for one in done.data["waves"]] == [1, 2, 2, 2, 1]
    assert third["outcomes"] == {"changed": 1, "failed_unchanged": 1}
    assert [one["outcomes"] for one in rest] == [{"skipped": 2}, {"skipped": 2}, {"skipped": 1}]
    left = [host for host in done.data["hosts"] if host["outcome"] == "skipped"]
    assert {host["problem"]["message"] for host in left} == {STOPPED}
    assert [host.requests > 0 for host in fleet.hosts] == [True] * 3 + [False] * 5

    said = [
        ("1", "1", "1 changed"),
        ("2", "2", "1 changed, 1 failed"),
        ("3 to 5", "5", "5 skipped"),
    ]
    record = done.data["run"]
    pages = [Path("a.html").read_text(), cli("report", record, "--format", "html").out]
    assert [rows_of(page) for page in pages] == [said, said]
    table = "".join(f"| {' | '.join(row)} |\n" for row in said)
    assert table in Path("a.markdown").read_text()
    assert table in cli("report", record, "--format", "markdown").out
    assert cli("runs", "show", record).out.endswith(
        "wave 1: 1 changed\nwave 2: 1 changed, 1 failed\nwaves 3 to 5: 5 skipped\n"
    )
    [run] = json.loads(Path("a.sarif").read_text())["runs"]
    assert Counter(one["ruleId"] for one in run["results"])["host"] == 6
    assert Path("a.junit").read_text().count('type="stopped"') == 5


def test_hosts_whose_turn_never_came_are_told_together(cli: Cli, fleet: Lab) -> None:
    done = cli("apply", "schedule-fix", "--yes", *WAVES, "--processes", "2")
    assert "Hosts that go in waves are worked on in one process." in done.err
    assert "SKIPPED: 5 hosts SRV4, SRV5, SRV6, SRV7 and 1 more\n" in done.out
    assert done.out.count(STOPPED) == 1
    assert "\nwaves 3 to 5: 5 skipped\n" in done.out


def test_a_saved_plan_is_applied_in_waves_too(cli: Cli, fleet: Lab) -> None:
    assert cli("plan", "schedule-fix", "-i", "prod.yaml", "-o", "plan.json").code == 2
    waves = ("--canary", "1", "--batch", "2", "--max-failed", "0")
    done = cli(
        *("apply", "--plan", "plan.json", "--yes", "-i", "prod.yaml", *waves, "--format", "ndjson")
    )
    last = json.loads(done.out.splitlines()[-1])
    assert last["exit_code"] == 3
    assert [one["hosts"] for one in last["waves"]] == [1, 2, 2, 2, 1]
    assert last["outcomes"] == {"changed": 2, "failed_unchanged": 1, "skipped": 5}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--canary", "0"), "invalid value for '--canary': no host would be in it"),
        (("--batch", "110%"), "invalid value for '--batch': write a number of hosts"),
        (("--max-failed", "few"), "invalid value for '--max-failed': write a number of hosts"),
    ],
)
def test_what_is_no_number_of_hosts_is_refused(
    cli: Cli, at: list[str], given: tuple[str, str], says: str
) -> None:
    cli("apply", "schedule-fix", "--yes", *at, *given).explains(64, says)
