"""Reports in files, as one asks for them on the command line."""

import json
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml

from remediate.cli.reports import NAMES
from remediate.cli.wiring import operator
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.model.host import Host
from remediate.model.outcome import Outcome
from remediate.model.run import Run, RunKind
from remediate.report.files import FORMS
from remediate.runner.loop import Loop
from remediate.store.place import store_place
from remediate.store.sql import SqlStore
from tests.cli.conftest import Result, Unsent
from tests.store.records import RUN, a_host, a_run, an_audit, findings

Cli = Callable[..., Result]


def counted(file: Path) -> tuple[int, int, int, int]:
    found = JUnitXml.fromfile(str(file))
    return found.tests, found.failures, found.errors, found.skipped


def timed(file: Path) -> list[tuple[str, float, str]]:
    return [(each.name, each.time, each.timestamp) for each in JUnitXml.fromfile(str(file))]


def test_an_audit_writes_what_its_result_says_and_so_does_its_record(
    cli: Cli, lab: Lab, tmp_path: Path
) -> None:
    host = lab.hosts[0]
    Path("prod.yaml").write_text(
        f"hosts:\n  gone:\n    address: 127.0.0.9\n    port: 1\n"
        f"  SRV01:\n    address: {host.address}\n    port: {host.port}\n"
    )
    done = cli(
        *("audit", "schedule-fix", "tls12", "-i", "prod.yaml", "--user", host.user),
        *("--format", "json", "--report", "junit=a.xml", "--report", f"sarif={tmp_path}/a.sarif"),
        *("--report", "markdown=a.md", "--report", "html=a.html"),
    )
    assert done.code == 5
    [gone, there] = done.data["hosts"]
    assert (gone["outcome"], there["outcome"]) == ("unreachable", "would_change")
    found = len(there["plan"]["changes"]) + len(there["plan"]["advice"])
    assert counted(Path("a.xml")) == (4, 1, 1, 0)
    [run] = json.loads(Path("a.sarif").read_text())["runs"]
    assert sum(run["properties"]["findings"].values()) == found == len(run["results"]) - 1
    places = {
        result["properties"]["host"]: result["locations"][0]["physicalLocation"]
        for result in run["results"]
    }
    for name, line in (("gone", 2), ("SRV01", 5)):
        assert places[name] == {
            "artifactLocation": {"uri": "prod.yaml"},
            "region": {"startLine": line},
        }
    assert "2 hosts: 1 unreachable, 1 would change; 2 findings: " in Path("a.md").read_text()

    page = Path("a.html").read_text()
    assert page.count("<details ") == 2
    times = re.findall(r'data-host="([^"]*)".*?<data value="([^"]*)">', page)
    assert {name: float(seconds) for name, seconds in times} == {
        host["host"]: host["worked"]["seconds"] for host in done.data["hosts"]
    }

    audit = done.data["run"]
    assert cli("report", audit, "--format", "junit", "-o", "b.xml").code == 0
    assert counted(Path("b.xml")) == counted(Path("a.xml"))
    assert timed(Path("b.xml")) == timed(Path("a.xml"))
    again_shown = cli("report", audit, "--format", "html").out
    assert re.findall(r'data-host="([^"]*)".*?<data value="([^"]*)">', again_shown) == times
    [again] = json.loads(cli("report", audit, "--format", "sarif").out)["runs"]
    assert again["properties"] == run["properties"]
    assert again["invocations"] == run["invocations"]
    prints, prints_again = (
        [one["partialFingerprints"] for one in each["results"]] for each in (run, again)
    )
    assert prints_again == prints


def test_an_apply_and_its_rollback_are_reported_then_and_later(
    cli: Cli, at: list[str], tmp_path: Path
) -> None:
    done = cli("apply", "schedule-fix", "--yes", *at, "--report", "junit=a.xml")
    assert done.code == 0
    assert counted(Path("a.xml")) == (2, 0, 0, 0)
    [suite] = JUnitXml.fromfile("a.xml")
    fixed = {one.name: one.value for one in suite.properties()}
    assert (fixed["outcome"], fixed["findings"], fixed["fixed"]) == ("changed", "0", "2")
    assert cli("report", "--format", "junit", "-o", "b.xml").code == 0
    assert counted(Path("b.xml")) == counted(Path("a.xml"))
    assert cli("rollback", fixed["run"], "--yes", "--report", "markdown=c.md").code == 0
    assert "1 host: 1 undone; 0 findings; 2 fixed. Exit code 0" in Path("c.md").read_text()
    text = cli("report", "--format", "markdown").out
    assert "1 host: 1 undone; 0 findings; 2 fixed. Exit code 0" in text


class Stopped(Loop):
    """Hears Ctrl-C when the first host has its verdict."""

    def run(self, items: Any, work: Any, *more: Any) -> Iterator[Any]:
        results = super().run(items, work, *more)
        yield next(results)
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as order:
            yield results.throw(order)  # type: ignore[attr-defined]
        yield from results


@pytest.mark.parametrize("command", [["audit"], ["apply", "--yes"]], ids=lambda words: words[0])
def test_a_run_that_was_stopped_is_told_then_as_later_and_is_not_green(
    command: list[str], cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remediate.engine.engine.Loop", Stopped)
    with Lab([make_state(name) for name in "ABCD"]) as lab:
        monkeypatch.setenv("REMEDIATE_PASSWORD", lab.hosts[0].password)
        listed = (
            f"  {one.port}: {{address: {one.address}, port: {one.port}}}" for one in lab.hosts
        )
        Path("a.yaml").write_text("\n".join(["hosts:", *listed]))
        files = [
            "--report",
            "junit=a.xml",
            "--report",
            "sarif=a.sarif",
            "--report",
            "markdown=a.md",
        ]
        words = [
            *command,
            "schedule-fix",
            "-i",
            "a.yaml",
            "--user",
            lab.hosts[0].user,
            "--workers",
            "1",
        ]
        done = cli(*words, "--format", "json", *files)
    assert done.code == done.data["exit_code"] == 130
    outcomes = Counter(host["outcome"] for host in done.data["hosts"])
    assert 1 <= outcomes["skipped"] < outcomes.total() == 4
    [run] = json.loads(Path("a.sarif").read_text())["runs"]
    assert run["properties"]["outcomes"] == outcomes
    assert run["invocations"][0]["exitCode"] == 130
    assert [one["ruleId"] for one in run["results"]].count("host") == outcomes["skipped"]
    assert counted(Path("a.xml"))[2:] == (outcomes["skipped"], 0)

    record = done.data["run"]
    assert cli("report", record, "--format", "junit", "-o", "b.xml").code == 0
    assert counted(Path("b.xml")) == counted(Path("a.xml"))
    [again] = json.loads(cli("report", record, "--format", "sarif").out)["runs"]
    assert {name: again[name] for name in ("properties", "invocations")} == {
        name: run[name] for name in ("properties", "invocations")
    }
    numbers = r"\n(4 hosts: .*Exit code 130: interrupted)\."
    [said] = re.findall(numbers, Path("a.md").read_text())
    assert re.findall(numbers, cli("report", record, "--format", "markdown").out) == [said]
    audits = ["--audits"] if command == ["audit"] else []
    assert cli("runs", "list", *audits, "--format", "ndjson").data["outcomes"] == outcomes


def test_what_a_killed_run_has_not_done_is_no_success_in_later_reports(cli: Cli) -> None:
    run = Run(
        id="20991231-000000-aaaa",
        kind=RunKind.APPLY,
        playbooks=(),
        operator=operator(),
        started=datetime.now(UTC),
    )
    with SqlStore(store_place()) as store:
        store.begin_run(run, [Host(name=name, address="127.0.0.9", port=1) for name in "AB"])
    done = cli("runs", "reconcile", "--report", "junit=r.xml")
    assert (done.code, done.out.count("SKIPPED")) == (0, 2)  # the journal is complete
    assert cli("report", run.id, "--format", "junit", "-o", "a.xml").code == 0
    assert counted(Path("a.xml")) == counted(Path("r.xml")) == (2, 0, 2, 0)
    told = cli("report", run.id, "--format", "markdown").out
    assert "2 hosts: 2 skipped; 0 findings. Exit code 130: interrupted." in told


def test_a_job_on_github_is_told_by_annotations(cli: Cli, at: list[str]) -> None:
    done = cli("audit", "schedule-fix", *at, "--format", "github")
    assert done.code == 2
    *annotations, numbers = done.out.splitlines()
    for level, text in zip(("error", "warning"), annotations, strict=True):
        assert text.startswith(f"::{level} title=schedule-fix::Start each backup, and none while")
    assert numbers == "1 host: 1 would change; 2 findings: 1 critical, 1 warning. Exit code 2."
    done = cli("apply", "schedule-fix", "--yes", *at, "--format", "github")
    assert done.out.startswith("1 host: 1 changed; 0 findings; 2 fixed. Exit code 0. Run ")


def test_each_format_that_one_can_type_is_written_by_something() -> None:
    assert NAMES == FORMS


def test_what_is_typed_to_apply_does_not_write_the_reports_of_the_audit(
    cli: Cli, at: list[str]
) -> None:
    for words in (["--report", "junit=a.xml"], ["--report=junit=a.xml"]):
        done = cli("audit", "schedule-fix", *words, *at)
        [line] = [one for one in done.out.splitlines() if one.startswith("to do it: ")]
        assert line == f"to do it: remediate apply schedule-fix {' '.join(at)}"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["pdf=a.pdf"], "--report pdf=a.pdf: there is no format pdf"),
        (["junit"], "--report junit: that is not FORMAT=FILE"),
        (["xunit=-"], "there is no format xunit"),
        (["xunit="], "--report xunit=: that is not FORMAT=FILE"),
        (["=a.xml"], "--report =a.xml: that is not FORMAT=FILE"),
        (["junit=-"], "--report junit=- would be on stdout"),
        (["junit="], "--report junit=: that is not FORMAT=FILE"),
        (["junit=a.xml", "sarif=./a.xml"], "names the file ./a.xml twice"),
        (["junit=no/a.xml"], "no/a.xml does not exist"),
        (["junit=."], "something else is there"),
    ],
)
def test_a_report_that_cannot_be_is_refused_before_anything_is_sent(
    cli: Cli, unsent: Unsent, given: list[str], says: str
) -> None:
    words = [word for text in given for word in ("--report", text)]
    cli("audit", "--host", "A", "--user", "u", *words, transport=unsent).explains(64, says)
    assert list(Path.cwd().glob("*.xml")) == []


@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("prod.yaml", "the inventory"),
        ("link.yaml", "the inventory"),
        ("set.yaml", "the settings file"),
        ("password.txt", "a password, key or certificate file of A"),
        ("own.pem", "a password, key or certificate file of A"),
        ("store/runs.db", "the store"),
    ],
)
def test_a_report_takes_the_place_of_nothing_that_the_command_works_with(
    cli: Cli, unsent: Unsent, file: str, what: str
) -> None:
    texts = {
        "prod.yaml": "hosts: {A: {password: 'file:password.txt', tls: true, ca_file: own.pem}}\n",
        "set.yaml": "{}\n",
        "password.txt": "secret\n",
        "own.pem": "a certificate\n",
    }
    for name, text in texts.items():
        Path(name).write_text(text)
        Path(name).chmod(0o600)
    Path("store").mkdir()
    Path("link.yaml").symlink_to("prod.yaml")
    words = ("audit", "-i", "prod.yaml", "--user", "u", "--config", "set.yaml", "--no-record")
    done = cli(*words, "--report", f"junit={file}", transport=unsent)
    done.explains(64, f"{file} would replace {what}", "Nothing was sent to any host.")
    assert {name: Path(name).read_text() for name in texts} == texts


def test_a_recorded_report_does_not_take_the_place_of_the_store(cli: Cli, at: list[str]) -> None:
    assert cli("apply", "schedule-fix", "--yes", *at).code == 0
    done = cli("report", "--format", "junit", "-o", "store/runs.db")
    done.explains(64, "would replace the store")
    assert "sent" not in done.err
    done = cli("report", "--format", "junit", "-o", "no/a.xml")
    done.explains(64, "no/a.xml does not exist", "Make it.")
    assert "sent" not in done.err
    assert "<testsuites" in cli("report", "--format", "junit", "-o", "-").out
    assert not Path("-").exists()
    assert cli("report", "--format", "junit").code == 0


def test_a_recorded_report_does_not_take_the_place_of_what_the_record_names(cli: Cli) -> None:
    Path("folder").mkdir()
    for name in ("folder/ca.pem", "w.yaml"):
        Path(name).write_text("mine\n")
    Path("set.yaml").write_text("waivers: w.yaml\n")
    with SqlStore(store_place()) as store:
        store.begin_run(a_run(), [a_host()])
    words = ("report", "--format", "junit", "--config", "set.yaml", "-o")
    cli(*words, "folder/ca.pem").explains(64, "would replace a password, key or certificate file")
    cli(*words, "w.yaml").explains(64, "would replace the waivers")
    assert cli(*words, "a.xml").code == 0


def test_a_report_that_is_lost_at_the_end_does_not_change_the_exit_code(
    cli: Cli, at: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("remediate.report.files.put", full)
    done = cli("apply", "schedule-fix", "--yes", *at, "--report", "junit=a.xml")
    assert done.code == 0
    assert "a.xml was not written: No space left on device." in done.err
    assert "CHANGED" in done.out


def test_a_report_of_no_run_is_explained(cli: Cli) -> None:
    cli("report", "--format", "junit").explains(6, "no run is recorded")


def test_several_runs_are_reported_in_one_and_a_host_of_more_than_one_for_each(
    cli: Cli, at: list[str]
) -> None:
    first = cli("apply", "schedule-fix", "--yes", *at, "--format", "json").data["run"]
    second = cli("rollback", first, "--yes", "--format", "json").data["run"]
    done = cli("report", first, second, first, "--format", "junit", "-o", "a.xml")
    assert done.code == 0
    suites = {suite.name: suite for suite in JUnitXml.fromfile("a.xml")}
    host = at[1]
    assert set(suites) == {f"{host} ({first})", f"{host} ({second})"}
    for run in (first, second):
        suite = suites[f"{host} ({run})"]
        assert {one.name: one.value for one in suite.properties()}["run"] == run
    text = cli("report", first, second, "--format", "markdown").out
    assert text.startswith(
        "# remediate report\n\n2 hosts: 1 changed, 1 undone; 0 findings; 4 fixed. Exit code 0"
    )
    assert f"`Runs: {first}, {second}`" in text
    page = cli("report", first, second, "--format", "html").out
    assert f"<code>Runs: {first}, {second}</code>" in page
    [log] = json.loads(cli("report", first, second, "--format", "sarif").out)["runs"]
    assert log["properties"]["outcomes"] == {"changed": 2}
    cli("report", first, "2020", "--format", "junit").explains(64, "there is no run '2020'")


def test_what_reconcile_finds_is_reported_for_each_run_that_broke_off(
    cli: Cli, at: list[str]
) -> None:
    run = cli("apply", "schedule-fix", "--yes", *at, "--format", "json").data["run"]
    with SqlStore(store_place()) as store:
        done = store.run(run)
        [host] = done.hosts
        assert host.intent
        for name in ("open-1", "open-2"):
            store.begin_run(done.run.model_copy(update={"id": name}), [host.host])
            store.record_intent(host.intent.model_copy(update={"run": name}))
    left = cli("report", "open-1", "--format", "markdown").out
    assert "1 host: 1 no verdict; 0 findings. Exit code 130" in left  # as its own report said
    said = cli("runs", "reconcile", "--report", "junit=a.xml", "--report", "markdown=a.md")
    assert said.code == 0, said.out + said.err
    names = [suite.name for suite in JUnitXml.fromfile("a.xml")]
    assert names == [f"{at[1]} (open-1)", f"{at[1]} (open-2)"]
    assert "2 hosts: 2 changed; 0 findings; 4 fixed. Exit code 0" in Path("a.md").read_text()
    nothing = cli("runs", "reconcile", "--report", "junit=b.xml")
    assert (nothing.code, counted(Path("b.xml"))) == (0, (0, 0, 0, 0))


def test_hosts_that_an_audit_that_was_killed_had_not_reached_are_named_and_no_report_is_green(
    cli: Cli,
) -> None:
    with SqlStore(store_place()) as store:
        store.begin_audit(an_audit(), ["SRV01", "SRV02"])
        store.record_findings(RUN, [findings("SRV01", Outcome.COMPLIANT)])
    assert "SRV02  no verdict; nothing was written\n" in cli("runs", "show").out
    assert cli("runs", "show", "--format", "json").data["no_verdict"] == ["SRV02"]
    said = cli("report", "--format", "markdown").out
    assert "2 hosts: 1 compliant, 1 no verdict" in said
    assert "Exit code 130" in said


def test_a_diagnosis_of_a_host_is_reported_as_its_audit_would_be(cli: Cli, at: list[str]) -> None:
    done = cli("diagnose", *at, "--report", "markdown=a.md")
    assert done.code == 2
    cli("audit", *at, "--report", "markdown=b.md")
    told, audited = (Path(name).read_text().splitlines()[2] for name in ("a.md", "b.md"))
    assert told == audited
    assert told.startswith("1 host: 1 would change; ")
    cli("diagnose", "0x1FC07", "--report", "junit=a.xml").explains(64, "a report is of a server")
