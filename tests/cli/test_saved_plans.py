"""Plans that are saved, looked at, and carried out later: exactly so, or not at all."""

import json
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml

from remediate.cli.reports import NAMES
from remediate.files import OWNERS_ARE_KNOWN
from remediate.lab.hosts import make_state
from remediate.lab.kinds import edit, put, records
from remediate.lab.state import HostState
from remediate.model.canonical import canonical, digest, read_canonical
from remediate.resources.scheduled_task import MultipleInstances
from remediate.testing.transport import MemoryTransport
from tests.cli.conftest import Result, Unsent

Told = Callable[..., Result]
TEN = datetime(2026, 11, 29, 10, tzinfo=UTC)
FILE = Path("plan.json")
PLAN = ("plan", "schedule-fix", "-i", "prod.yaml", "--user", "ada", "-o", FILE)
ONE = (*PLAN, "--limit", "SRV01")
OTHER = ["--digest", f"sha256:{'0' * 64}"]
APPLY = ("apply", "--plan", FILE, "--yes")


@dataclass
class Clock:
    """Stands still until somebody moves it."""

    now: datetime = TEN

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Fleet:
    """Five hosts, each with two tasks that are to be changed."""

    states: dict[str, HostState] = field(
        default_factory=lambda: {f"SRV0{n}": make_state(f"SRV0{n}") for n in range(1, 6)}
    )
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        for state in self.states.values():
            state.clock = self.clock

    def set_policy(self, host: str, policy: MultipleInstances) -> None:
        """Somebody sets the first task of a host otherwise."""
        first = records(self.states[host], "scheduled_task")[0]
        key = {name: first[name] for name in ("path", "name")}
        edit(self.states[host], "scheduled_task", key, multiple_instances=int(policy))


@pytest.fixture
def fleet() -> Fleet:
    hosts = Fleet()
    Path("prod.yaml").write_text(json.dumps({"hosts": {name: {} for name in hosts.states}}))
    return hosts


@pytest.fixture
def told(cli: Told, fleet: Fleet) -> Told:
    """Runs a command line that may reach these hosts."""
    return lambda *words: cli(
        *words, transport=lambda _: MemoryTransport(fleet.states), now=fleet.clock
    )


def changed(edit: Callable[[Any], object], path: Path = FILE) -> None:
    """Change what a plan says, and give it the digest of that, as somebody would who can."""
    data: Any = read_canonical(path.read_bytes()[:-1])
    edit(data)
    del data["digest"]
    path.write_bytes(canonical({**data, "digest": digest(data)}) + b"\n")


def test_of_five_hosts_the_one_that_moved_is_stale_and_every_report_says_so(
    told: Told, fleet: Fleet
) -> None:
    assert told(*PLAN).code == 2
    fleet.clock.now += timedelta(hours=1)
    fleet.set_policy("SRV03", MultipleInstances.QUEUE)
    fleet.clock.now += timedelta(hours=1)
    moved = records(fleet.states["SRV03"], "scheduled_task")

    reports = [word for name in NAMES for word in ("--report", f"{name}=a.{name}")]
    done = told(*APPLY, "--format", "json", *reports)
    assert done.code == 6
    outcomes = {host["host"]: host["outcome"] for host in done.data["hosts"]}
    assert outcomes == {**dict.fromkeys(fleet.states, "changed"), "SRV03": "refused"}
    assert records(fleet.states["SRV03"], "scheduled_task") == moved

    stale = next(host for host in done.data["hosts"] if host["host"] == "SRV03")
    assert stale["problem"]["code"] == "stale"
    why = stale["problem"]["message"]
    title = stale["plan"]["changes"][0]["title"]
    assert why.endswith(f"schedule-fix: {title}: multiple_instances was Parallel and is Queue")
    suites = JUnitXml.fromfile("a.junit")
    assert (suites.errors, suites.failures) == (1, 1)
    [log] = json.loads(Path("a.sarif").read_text())["runs"]
    assert log["properties"]["outcomes"] == {"changed": 4, "refused": 1}
    assert any(why in result["message"]["text"] for result in log["results"])
    head = "5 hosts: 4 changed, 1 stale; 2 findings: 1 critical, 1 warning; 8 fixed. Exit code 6"
    assert head in Path("a.markdown").read_text()
    for name in NAMES:
        assert "multiple_instances was Parallel and is Queue" in Path(f"a.{name}").read_text()
    for name in NAMES:
        assert told("report", "--format", name, "-o", f"b.{name}").code == 0
    assert head in Path("b.markdown").read_text()
    shown = told("runs", "show").out
    assert f"applies the plan {json.loads(FILE.read_text())['digest']}" in shown


def test_two_plans_of_one_moment_are_the_same_to_the_byte(told: Told) -> None:
    """Whatever moves by itself, such as how long a host took, is in no plan."""
    told(*PLAN)
    first = FILE.read_bytes()
    FILE.unlink()
    told(*PLAN)
    assert FILE.read_bytes() == first


def test_a_plan_that_is_applied_again_finds_nothing_to_do(told: Told, fleet: Fleet) -> None:
    told(*PLAN)
    assert told(*APPLY).code == 0
    again = told(*APPLY)
    assert (again.code, again.out.count("COMPLIANT  nothing to change")) == (0, 5)


def test_a_dry_run_of_a_plan_says_whether_it_still_stands(told: Told, fleet: Fleet) -> None:
    told(*PLAN)
    before = {name: state.snapshot() for name, state in fleet.states.items()}
    assert told("apply", "--plan", FILE, "--dry-run").code == 2
    fleet.set_policy("SRV03", MultipleInstances.QUEUE)
    before["SRV03"] = fleet.states["SRV03"].snapshot()
    looked = told("apply", "--plan", FILE, "--dry-run")
    assert (looked.code, "5 hosts: 4 would change, 1 stale" in looked.out) == (6, True)
    assert {name: state.snapshot() for name, state in fleet.states.items()} == before


def test_a_plan_is_limited_to_fewer_hosts_and_never_widened(told: Told, fleet: Fleet) -> None:
    told(*PLAN, "--limit", "SRV0[1-3]")
    done = told(*APPLY, "--limit", "*1", "--limit", "*2", "--format", "json")
    assert [host["host"] for host in done.data["hosts"]] == ["SRV01", "SRV02"]
    done = told(*APPLY, "--host", "SRV03", "--format", "json")
    assert [host["host"] for host in done.data["hosts"]] == ["SRV03"]
    elsewhere = told(*APPLY, "--host", "SRV03=SRV05", "--format", "json").data["hosts"][0]
    assert elsewhere["problem"]["code"] == "stale"
    told(*APPLY, "--host", "SRV04").explains(64, "the plan plan.json has no host 'SRV04'")
    told(*APPLY, "--limit", "SRV9*").explains(64, "no host of the plan is chosen")
    told(*APPLY, "--host", "SRV03", "--limit", "*2").explains(64, "by --host and --limit together")
    for words in (["tls12"], ["--all-safe"], ["--partial"], ["--group", "x"], ["--deep"]):
        told(*APPLY, *words).explains(64, "and a plan, too", "on fewer of its hosts at most")
    told(*APPLY, "--report", f"junit={FILE}").explains(64, "would replace the plan")
    told(*APPLY, "--folder", r"\A").explains(64, "--folder is said by the plan")


def test_a_host_that_a_plan_changes_nothing_on_is_not_asked(told: Told, fleet: Fleet) -> None:
    for state in fleet.states.values():
        put(state, {"scheduled_task": []})
    assert told(*PLAN).code == 2
    done = told(*APPLY)
    assert (done.code, done.out) == (0, "")
    assert done.err == "The plan changes nothing on 5 hosts, which are not asked.\n"


def test_a_plan_of_another_computer_at_the_address_is_stale(told: Told, fleet: Fleet) -> None:
    told(*PLAN)
    fleet.states["SRV02"] = make_state("OTHER")
    done = told(*APPLY, "--format", "json")
    assert done.code == 6
    [stale] = [host for host in done.data["hosts"] if host["outcome"] != "changed"]
    assert (stale["host"], stale["problem"]["code"]) == ("SRV02", "stale")
    assert stale["problem"]["message"].startswith("this is about computer SRV02, and OTHER")


def test_what_a_plan_prints_and_shows_is_enough_to_apply_it(told: Told) -> None:
    made = told(*PLAN)
    known = json.loads(FILE.read_text())["digest"]
    do = f"to do it: remediate apply --plan plan.json --digest {known}"
    about = "plan plan.json: 10 changes on 5 of 5 hosts, good until 2026-11-30 "
    first, second = made.err.splitlines()
    assert first.startswith(about)
    assert second == do
    shown = told("plan", "show", FILE)
    assert shown.code == 0
    assert {about.strip(), do} <= {
        line.partition("11:00")[0] for line in shown.out.splitlines()
    } | {line[: len(about)].strip() for line in shown.out.splitlines()}
    assert "StopExisting (3) → IgnoreNew (2)" in told("plan", "show", FILE, "--verbose").out
    markdown = told("plan", "show", FILE, "--format", "markdown").out
    assert markdown.startswith("# remediate plan\n\n5 hosts: 5 would change; 10 findings: ")
    assert f"`{do}`" in markdown
    assert told("plan", "show", FILE, "--format", "json").data["digest"] == known
    assert told(*APPLY, "--digest", known).code == 0
    if OWNERS_ARE_KNOWN:
        assert stat.S_IMODE(FILE.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("edit", "words", "says"),
    [
        (
            lambda data: data.update(operator="b@c"),
            ["--digest", f"sha256:{'0' * 64}"],
            "another plan: its digest is",
        ),
        (lambda data: data.update(expires="2026-11-29T11:59:59Z"), [], "it was good until 2026"),
        (lambda data: data.update(expires="2026-12-30T10:00:01Z"), [], "for more than 31 days"),
        (lambda data: data.update(created="2026-11-29T12:05:01Z"), [], "that is still to come"),
        (lambda data: data.update(tool="0.0.1"), [], "version 0.0.1 of remediate has made it"),
        (lambda data: data.update(schema_version=9), [], "it is a plan of format 9"),
        (lambda data: data.update(more=1), [], "it makes no sense at 'more'"),
        (
            lambda data: data["hosts"][0]["report"].update(more=1),
            [],
            "Perhaps a newer version of remediate has made it",
        ),
        (lambda data: data["playbooks"][0].update(code="sha256:1"), [], "has another code now"),
        (lambda data: data["playbooks"][0].update(id="own"), [], "the playbook own, and there is"),
        (
            lambda data: data["hosts"][0]["host"].update(name="SRV\x1b[2J"),
            [],
            "it makes no sense at 'hosts.0.host.name'",
        ),
        (lambda data: data["hosts"].append(data["hosts"][0]), [], "it names a host twice"),
        (
            lambda data: data["hosts"][0]["report"]["plan"]["changes"][0].update(property="xml"),
            [],
            "what it says of SRV01 makes no sense",
        ),
        (
            lambda data: data["hosts"][0]["report"]["plan"].update(facts=None),
            [],
            "what it says of SRV01 makes no sense",
        ),
        (
            lambda data: data["hosts"][0]["report"]["plan"]["changes"][0].update(before=2**70),
            [],
            "what it says of SRV01 makes no sense",
        ),
        (
            lambda data: data["hosts"][0]["report"]["plan"]["playbooks"][0]["parameters"].update(
                folder="\0"
            ),
            [],
            "does not take the parameters",
        ),
    ],
)
def test_a_plan_that_does_not_count_is_refused_before_anything_is_sent(
    told: Told,
    cli: Told,
    unsent: Unsent,
    edit: Callable[[Any], object],
    words: list[str],
    says: str,
) -> None:
    told(*ONE)
    changed(edit)
    noon = Clock(TEN + timedelta(hours=2))
    cli(*APPLY, *words, transport=unsent, now=noon).explains(
        6, "the plan plan.json is refused", says
    )


def test_a_plan_of_the_longest_time_and_a_clock_that_is_ahead_counts(told: Told) -> None:
    told(*ONE, "--valid", "31d")
    assert told("plan", "show", FILE).code == 0
    changed(lambda data: data.update(created="2026-11-29T10:05:00Z"))
    assert told(*APPLY).code == 0


def test_a_plan_that_has_expired_is_not_shown_as_good(told: Told, fleet: Fleet) -> None:
    told(*ONE)
    fleet.clock.now += timedelta(days=1)
    first, *others = told("plan", "show", FILE).out.splitlines()
    assert "2 changes on 1 of 1 host, expired 2026-11-30 " in first
    assert "It has expired: make a new plan." in others
    assert not any("to do it" in line for line in others)


def test_a_plan_that_is_still_to_be_made_is_not_shown_as_good(told: Told, fleet: Fleet) -> None:
    told(*ONE)
    fleet.clock.now -= timedelta(days=1)
    shown = told("plan", "show", FILE).out
    assert "the plan plan.json is refused: it was made at 2026-11-29 " in shown
    assert "to do it" not in shown


def test_a_file_that_is_no_plan_is_refused(told: Told, cli: Told, unsent: Unsent) -> None:
    told(*ONE)
    text = FILE.read_bytes()
    for other in (b"", b"{}\n", text[:-1], text + b"\n", text.replace(b"SRV01", b"SRV02"), b"\xff"):
        FILE.write_bytes(other)
        cli(*APPLY, transport=unsent).explains(6, "the plan plan.json is refused: it")
        assert cli("plan", "show", FILE, transport=unsent).code == 6
    FILE.unlink()
    cli(*APPLY, transport=unsent).explains(64, "cannot be read: No such file")


def test_a_plan_is_shown_by_the_names_that_things_have(told: Told) -> None:
    told(*ONE)
    changed(
        lambda data: data["hosts"][0]["report"]["plan"]["changes"][0].update(title="task harmless")
    )
    told("plan", "show", FILE).explains(6, "it says two things of scheduled_task")


@pytest.mark.skipif(not OWNERS_ARE_KNOWN, reason="nobody tells who may write there")
def test_a_plan_that_others_may_write_to_needs_its_digest(told: Told) -> None:
    told(*ONE)
    FILE.chmod(0o666)
    told(*APPLY).explains(6, "others may write to it (mode 0666)", "--digest")
    assert told(*APPLY, "--digest", json.loads(FILE.read_text())["digest"]).code == 0


def test_what_a_plan_says_of_passwords_needs_its_digest_or_somebodys_yes(
    told: Told, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_PASSWORD", "Canary-of-a-plan")
    told(*ONE, "--password-from", "env:OTHER_PASSWORD")
    assert "Canary" not in FILE.read_text()
    refused = told(*APPLY, "--format", "json")
    [host] = refused.data["hosts"]
    assert (refused.code, host["problem"]["code"]) == (6, "not_agreed")
    assert host["problem"]["message"].startswith("the plan says to log on with what is in the env")
    assert "or the plan's --digest" in host["problem"]["hint"]
    assert told(*APPLY, "--digest", json.loads(FILE.read_text())["digest"]).code == 0


def test_a_secret_parameter_is_in_no_plan_and_given_again(
    told: Told, cli: Told, unsent: Unsent, playbook: Callable[..., Path], fleet: Fleet
) -> None:
    folder = playbook("    token: SecretStr = Field(description='A token')\n")
    file = folder / "own_fix.py"
    text = file.read_text().replace("return ()", "return [RegistryValues(values=(NAME,))]", 1)
    text = text.replace(
        "        return ()\n",
        "        assert params.token.get_secret_value() == 'Canary-of-a-token'\n"
        "        for value in seen.all(RegistryValue):\n"
        "            yield value.should(value={'type': 'String', 'data': 'good'})\n",
    )
    own = (
        "from remediate.resources.registry_value import *\n"
        "NAME = RegistryName(key=r'HKEY_LOCAL_MACHINE\\SOFTWARE\\Test', name='Own')\n"
    )
    file.write_text(own + text)
    Path("token").write_text("Canary-of-a-token")
    Path("token").chmod(0o600)
    own_plan = ("plan", "own-fix", *ONE[2:], "--playbooks", folder)
    assert told(*own_plan, "--token", "file:token").code == 2
    assert "Canary" not in FILE.read_text()
    words = (*APPLY, "--playbooks", folder)
    cli(*words, transport=unsent).explains(64, "made with --token, a secret", "--token WHERE")
    assert told(*words, "--token", "file:token").code == 0
    file.write_text(f"{own}{text}# another text\n")
    cli(*words, "--token", "file:token", transport=unsent).explains(6, "has another code now")


def test_what_a_plan_leaves_as_it_is_stays_so_and_what_is_waived_since_is_not_written(
    told: Told, fleet: Fleet
) -> None:
    waiver = {
        "host": "SRV01",
        "playbook": "schedule-fix",
        "rule": "*",
        "resource": "* *SystemStateBackup",
        "reason": "The vendor wants it.",
        "who": "Ada",
        "expires": "2026-12-24",
    }
    Path("old.yaml").write_text(json.dumps({"waivers": [waiver]}))
    told(*PLAN, "--limit", "SRV0[12]", "--waivers", "old.yaml")
    everything = {**waiver, "host": "SRV02", "resource": "*"}
    Path("new.yaml").write_text(json.dumps({"waivers": [everything]}))
    done = told(*APPLY, "--waivers", "new.yaml", "--format", "json")
    [first, second] = done.data["hosts"]
    assert (done.code, first["outcome"], second["problem"]["code"]) == (6, "changed", "stale")
    assert (len(first["applied"]), len(first["plan"]["waived"])) == (1, 1)
    assert "does not want" in second["problem"]["message"]


def test_a_playbook_that_fails_is_no_reason_to_save_nothing(
    told: Told, playbook: Callable[..., Path]
) -> None:
    file = playbook() / "own_fix.py"
    file.write_text(file.read_text().replace("return ()", "raise LookupError('mine')", 1))
    words = ("--playbooks", file.parent)
    made = told(*ONE[:2], "own-fix", *ONE[2:], *words)
    assert (made.code, "fails: LookupError: mine" in made.out) == (3, True)
    assert "2 changes on 1 of 1 host," in made.err
    assert told(*APPLY, *words).code == 6
