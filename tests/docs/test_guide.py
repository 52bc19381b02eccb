"""What the user guide, the README and the examples say exists, does."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from remediate.cli.app import root, run
from remediate.cli.describing import describe
from remediate.cli.wiring import Parts
from remediate.inventory.opening import open_inventory
from remediate.lab.hosts import load, make_state
from remediate.lab.kinds import names
from remediate.lab.lab import Lab
from remediate.lab.server.faults import load_faults
from remediate.model.outcome import EXIT_CODES, ExitCode, HostReport, Outcome
from remediate.playbook.catalogue import Catalogue
from remediate.report.views import View
from remediate.report.words import verdict
from remediate.store.errors import StoreError
from remediate.transport.errors import kinds
from tests.docs.pages import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md"), *(ROOT / "examples").glob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(remediate [^`]+)`")
KNOWN = Catalogue()
NAMES = {"event-log-size"}  # of the example that the guide tells how to write

each_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix()
)


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return [body for kind, body in BLOCK.findall(text(name)) if kind == language]


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = [re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles]
            assert anchor in anchors, target


def commands(page: Path) -> Iterator[str]:
    """Each command line that a page tells one to type."""
    whole = page.read_text(encoding="utf-8")
    for kind, body in BLOCK.findall(whole):
        for line in body.splitlines() if kind in {"sh", "console", "bash"} else ():
            _, found, rest = line.removeprefix("$ ").partition("remediate ")
            if found and re.match(r"(\S*/)?$", line.removeprefix("$ ").partition("remediate ")[0]):
                yield found + rest
    yield from INLINE.findall(BLOCK.sub("", whole))


def options_of(command: click.Command, words: list[str]) -> set[str]:
    """The options that a command takes with these playbooks."""
    own = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    for word in words:
        if word in KNOWN.entries:
            own |= {option.option for option in describe(KNOWN.load(word)).options}
    return own | {"--help", "--debug"}


@each_page
def test_every_command_exists_with_its_options(page: Path) -> None:
    for line in commands(page):
        first, *words = shlex.split(line, comments=True)
        assert first == "remediate"
        command: click.Command = root
        context = click.Context(root, obj=Parts())
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            found = command.get_command(context, words.pop(0))
            assert found is not None, line
            command = found
        given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert given <= options_of(command, words) | {"--version"}, line
        if command.name in {"audit", "apply", "show"}:
            named = {word for word in words if re.fullmatch(r"[a-z]+(-[a-z]+)+", word)}
            assert named <= KNOWN.entries.keys() | NAMES, line


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.code)
def test_every_error_of_the_connection_is_explained_in_its_own_words(kind) -> None:  # noqa: ANN001 - ErrorKind
    row = f"| `{kind.code}` | … {kind.says} | {kind.hint} |\n"
    assert row in text("when-it-breaks.md")


def test_every_other_problem_has_a_line() -> None:
    """Those of the store, and those that engine and commands name in their code."""
    sources = (
        path.read_text(encoding="utf-8")
        for room in ("engine", "cli")
        for path in (ROOT / "remediate" / room).rglob("*.py")
    )
    found = {
        code
        for source in sources
        for code in re.findall(r"Problem\(\s*code=\"(\w+)\"|refused\(\w+, \w+, \"(\w+)\"", source)
        for code in code
        if code
    }
    codes = found | {kind.__new__(kind).code for kind in StoreError.__subclasses__()}
    assert {code for code in codes if f"`{code}`" not in text("when-it-breaks.md")} == set()


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_stands_in_the_table_with_its_exit_code(outcome: Outcome) -> None:
    (row,) = re.findall(rf"^\| `{outcome}` \|.*\|$", text("life-of-a-host.md"), re.MULTILINE)
    assert row.endswith(f"| {int(EXIT_CODES[outcome])} |")
    shown, _ = verdict(View(), HostReport(host="SRV01", outcome=outcome))
    assert shown.upper() in row.split("|")[2]


@pytest.mark.parametrize("code", list(ExitCode))
def test_every_exit_code_is_told(code: ExitCode) -> None:
    assert f"\n| {int(code)} | " in text("hosts.md")


def test_the_inventory_of_the_guide_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "prod.yaml"
    file.write_text(blocks("hosts.md", "yaml")[0])
    plain, dmz = open_inventory(file).entries()
    assert plain.connection.password == "env:REMEDIATE_PASSWORD"
    assert (dmz.connection.tls, dmz.connection.ca_file) == (True, tmp_path / "dmz-ca.pem")


def test_state_and_faults_of_the_guide_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text(blocks("lab.md", "json")[0], encoding="utf-8")
    [host] = load(file)
    assert (host.name, host.culture) == ("SRV01", "ko-KR")
    assert set(json.loads(file.read_text(encoding="utf-8"))["resources"]) < set(names())
    file = tmp_path / "faults.yaml"
    file.write_text(blocks("lab.md", "yaml")[0])
    assert len(load_faults(file)) == len(yaml.safe_load(file.read_text()))


def test_the_first_fault_of_the_guide_loses_the_answer_to_a_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And apply finds out, and says so, as the guide promises."""
    file = tmp_path / "faults.yaml"
    file.write_text(blocks("lab.md", "yaml")[0])
    monkeypatch.setenv("REMEDIATE_STORE", str(tmp_path / "runs.db"))
    with Lab([make_state()], faults=load_faults(file)[:1]) as lab:
        host = lab.hosts[0]
        monkeypatch.setenv("REMEDIATE_PASSWORD", host.password)
        at = ["--host", f"{host.address}:{host.port}", "--user", host.user, "--auth", "basic"]
        code = run(["apply", "schedule-fix", "--yes", *at])
    shown = capsys.readouterr().out
    assert code == 0, shown
    assert "broke off the connection" in shown
    assert "Then it was read again" in shown


def test_the_playbook_of_the_guide_is_the_one_that_is_tested() -> None:
    package = ROOT / "examples" / "third-party"
    page = text("writing-a-playbook.md")
    shown = set(re.findall(r"`((?:contoso_playbooks|tests)/[\w/.-]+)`", page))
    files = (path.relative_to(package) for path in package.rglob("*") if path.is_file())
    there = {path.as_posix() for path in files if "__pycache__" not in path.parts}
    assert shown == there - {"pyproject.toml", "contoso_playbooks/__init__.py"}
    for name in shown:
        assert f"\n{(package / name).read_text(encoding='utf-8')}```\n" in page, name
    points = blocks("writing-a-playbook.md", "toml")[0]
    assert points in (package / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a job of GitLab is a script for a POSIX shell")
def test_the_job_that_the_page_of_ci_begins_with_ends_with_its_reports(tmp_path: Path) -> None:
    from junitparser import JUnitXml

    job = yaml.safe_load(blocks("ci.md", "yaml")[0])["audit"]
    assert len(blocks("ci.md", "yaml")[0].splitlines()) <= 10
    install, *script = job["script"]
    assert install == "pip install 'remediate[lab]'"
    there = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "REMEDIATE_STORE": str(tmp_path / "runs.db"),
    }
    with subprocess.Popen(
        ["bash", "-ec", "\n".join(script)],  # noqa: S607 - whichever the system has
        cwd=tmp_path,
        env={**os.environ, **there},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    ) as ran:
        try:
            assert ran.wait(100) == ExitCode.PENDING
        finally:
            os.killpg(ran.pid, signal.SIGKILL)  # the practice hosts are left to the job's end
    [page], junit = job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]
    assert (tmp_path / page).read_text().count("<details ") == 2
    suites = JUnitXml.fromfile(str(tmp_path / junit))
    assert len(list(suites)) == 2
    assert suites.failures > 0
