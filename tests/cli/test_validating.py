"""All that is wrong with files is told at once, each with its place, and nothing is done."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from remediate.cli.commands import validate
from remediate.cli.commands.schema import published
from remediate.cli.validating import kind_of
from remediate.files import OWNERS_ARE_KNOWN
from remediate.lab.hosts import make_state
from remediate.model.schema import schema_of
from remediate.model.validation import FileKind
from remediate.testing.transport import MemoryTransport
from tests.docs.pages import ROOT

Make = Callable[..., Any]

WAIVER = "{host: A, playbook: %s, rule: '%s', reason: r, who: w, expires: %s}"
STATED = "from remediate.playbook import Playbook\nclass Own(Playbook):\n"


def waivers(*rows: tuple[str, str, str]) -> str:
    return "\n".join(["waivers:", *(f"  - {WAIVER % row}" for row in rows)])


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.yaml", "hosts: {A: }\n", FileKind.INVENTORY),
        ("a.yaml", "# user: x\ndefaults: {user: u}\nhosts:\n  A:\n", FileKind.INVENTORY),
        ("a.yaml", '{"hosts": {"A": {}}}', FileKind.INVENTORY),
        ("a.yaml", "waivers: []\n", FileKind.WAIVERS),
        ("a.yaml", '{"schema_version": 2, "waivers": []}', FileKind.WAIVERS),
        ("a.yaml", "waivers:\n  - {\n", FileKind.WAIVERS),
        ("a.yaml", "waivers: w.yaml\nuser: u\n", FileKind.SETTINGS),
        ("a.yaml", "user: u\n", FileKind.SETTINGS),
        ("a.yaml", "hostz: {A: }\n", FileKind.INVENTORY),
        ("a.yaml", "", FileKind.INVENTORY),
        ("a.json", '{"digest": "",\n "type": "plan"}', FileKind.PLAN),
        ("a.csv", "name,user\nA,u\n", FileKind.INVENTORY),
        ("a.py", "", FileKind.PLAYBOOKS),
        ("a/b.py", "", FileKind.PLAYBOOKS),
    ],
)
def test_what_a_file_is_for_is_told_by_what_it_holds(
    tmp_path: Path, name: str, text: str, kind: FileKind
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert kind_of(str(path if path.parent == tmp_path else path.parent)) is kind
    assert kind_of("ansible:a.py") is FileKind.INVENTORY


@pytest.mark.skipif(os.name == "nt", reason="there a link takes a right that few have")
@pytest.mark.parametrize("words", [("a.yaml",), ("a.py",), ("--as", "playbooks", "a.py")])
def test_a_link_that_leads_nowhere_is_called_one(
    words: tuple[str, ...], cli: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the file that it names one would say that there is none, and there one is seen."""
    monkeypatch.chdir(tmp_path)
    Path(words[-1]).symlink_to("gone")
    done = cli("validate", *words)
    assert (done.code, done.out) == (64, f"{words[-1]} is a link that leads nowhere: to 'gone'\n")


def test_each_mistake_of_each_file_has_its_place(cli: Make, unsent: Make, playbook: Make) -> None:
    own = playbook()
    own.chmod(0o755)
    (own / "own_fix.py").chmod(0o644)
    (own / "second.py").write_text(f"{STATED}    id = 'A'\n    title = 'x.'\n    source = 'h'\n")
    (own / "third.py").write_text("import nothing_there\n" + (own / "own_fix.py").read_text())
    Path("w.yaml").write_text(
        waivers(
            ("schedule-fx", "*", "2020-01-01"),
            ("tls12", "winhtp", "2999-01-01"),
            ("tls12", "win*", "2999-01-01"),
        )
    )
    Path("set.yaml").write_text("user: a\nprot: 1\n")
    Path("inv.yaml").write_text("hosts: {A: {port: on}}\n")
    files = ("w.yaml", "set.yaml", "own", "inv.yaml")
    done = cli("validate", *files, "--format", "json", transport=unsent)
    assert done.code == 64
    jsonschema.validate(done.data, schema_of(published()["Validation"]))
    assert [one["kind"] for one in done.data["files"]] == [
        "waivers",
        "settings",
        "playbooks",
        "inventory",
    ]
    told = [
        f"{one['file']}:{one['line']}:{one['column']}: {re.split(':| of /', one['text'])[0]}"
        for file in done.data["files"]
        for one in file["mistakes"]
    ]
    assert told == [
        "w.yaml:2:5: there is no playbook 'schedule-fx'",
        "w.yaml:3:5: there is no rule of tls12 'winhtp'",
        "set.yaml:2:1: there is no setting 'prot'; did you mean port?",
        "own/second.py:3:None: playbook Own",
        "own/second.py:4:None: playbook Own",
        "own/second.py:5:None: playbook Own",
        "own/third.py:12:None: the id own-fix is that",
        "own/third.py:1:None: No module named 'nothing_there'",
        "inv.yaml:1:19: A",
    ]
    annotated = cli("validate", *files, "--format", "github", transport=unsent).out.splitlines()
    assert annotated[0].startswith("::error file=w.yaml,line=2,title=mistake in waivers::there is")
    assert annotated[-1] == "4 files: 9 mistakes"
    lines = cli("validate", *files, transport=unsent)
    assert lines.out.splitlines()[2] == (
        "set.yaml:2:1: there is no setting 'prot'; did you mean port?"
    )
    assert [line.split(": ")[0] for line in lines.err.splitlines()] == [
        "w.yaml:2:5",
        "set.yaml",
        "inv.yaml",
    ]


def test_what_a_settings_file_names_is_looked_at_or_said_not_to_be(
    cli: Make, playbook: Make
) -> None:
    ran = str(Path("ran").absolute())
    own = playbook()
    own.chmod(0o755)
    (own / "own_fix.py").chmod(0o644)
    text = f"open({ran!r}, 'w').close()\n{(own / 'own_fix.py').read_text()}"
    (own / "own_fix.py").write_text(text)
    (own / "other.py").write_text(text.replace("own-fix", "other-fix"))
    Path("w.yaml").write_text(
        waivers(("own-fix", "any", "2999-01-01"), ("tls13", "x", "2999-01-01"))
    )
    Path("set.yaml").write_text("waivers: w.yaml\nplaybooks: own\n")
    Path("set.yaml").chmod(0o644)
    done = cli("validate", "set.yaml")
    first, second = done.out.splitlines()
    assert (done.code, first) == (64, "set.yaml: 2 settings, no mistakes")
    assert second.endswith("/w.yaml:3:5: there is no playbook 'tls13': did you mean tls12?")
    assert re.fullmatch(r"set.yaml:2: the playbooks in .*/own are not looked at, .*\n", done.err)
    assert not Path("ran").exists()
    both = cli("validate", "set.yaml", "w.yaml", "--playbooks", "own").out
    assert both.count("there is no playbook 'tls13'") == 1
    (own / "own_fix.py").write_text((own / "other.py").read_text())
    assert "set.yaml:2: two playbooks have the id other-fix" in cli("validate", "set.yaml").out
    Path("set.yaml").write_text("waivers: gone.yaml\nplaybooks: gone\n")
    away = cli("validate", "set.yaml")
    assert (away.code, away.err.count("is not looked at: it is not here")) == (0, 2)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("hosts: {A: {port: on}}\n", "a.yaml: whether its hosts can be connected to, and its"),
        ("user: a\nprot: 1\nwaivers: w.yaml\n", "a.yaml: the files that it names"),
        ('{"type": "plan"}\n', "a.yaml: whether it still counts"),
    ],
)
def test_what_is_not_looked_at_because_of_a_mistake_is_said(
    cli: Make, text: str, note: str
) -> None:
    Path("a.yaml").write_text(text)
    done = cli("validate", "a.yaml")
    assert (done.code, done.err.startswith(note)) == (64, True)
    assert "looked at once what is wrong with it is corrected" in done.err


def test_a_mistake_in_a_waiver_hides_no_other_and_not_that_it_has_expired(cli: Make) -> None:
    rows = (
        ("schedule-fx", "*", "2020-01-01"),
        ("tls12", "winhtp", "never"),
        ("tls12", "", "never"),
    )
    Path("w.yaml").write_text(waivers(*rows).replace("reason: r,", "reason: '',"))
    done = cli("validate", "w.yaml")
    assert (done.code, done.err) == (64, "w.yaml:2:5: this waiver has expired\n")
    assert [" ".join(line.split()[1:5]) for line in done.out.splitlines()] == [
        "there is no playbook",
        "the reason is empty",
        "there is no rule",
        "the reason is empty",
        "'never' is no day",
        "the rule is empty",
        "the reason is empty",
        "'never' is no day",
    ]


def test_a_glob_without_quotes_is_told_what_it_lacks(cli: Make) -> None:
    Path("w.yaml").write_text("waivers:\n  - host: *\n")
    assert "put a text that begins with *, &, @, % or ` in quotes" in cli("validate", "w.yaml").out


def test_what_is_right_is_said_to_be_and_what_has_ended_is_told(cli: Make, unsent: Make) -> None:
    Path("w.yaml").write_text(waivers(("tls12", "winhttp", "2020-01-01")))
    done = cli("validate", "w.yaml", ROOT / "playbooks", transport=unsent)
    assert (done.code, done.err) == (0, "w.yaml:2:5: this waiver has expired\n")
    first, second = done.out.splitlines()
    assert first == "w.yaml: 1 waiver, no mistakes"
    assert re.fullmatch(r".*/playbooks: \d+ files of playbooks, no mistakes", second)
    done = cli("validate", "w.yaml", "--as", "inventory", transport=unsent)
    assert (done.code, "w.yaml:1:1: there is no section 'waivers'" in done.out) == (64, True)


def test_a_saved_plan_is_read_as_its_apply_reads_it(cli: Make) -> None:
    transport = MemoryTransport({"SRV01": make_state("SRV01")})
    words = ("plan", "schedule-fix", "--host", "SRV01", "--user", "u", "-o", "plan.json")
    assert cli(*words, transport=lambda _: transport).code == 2
    assert cli("validate", "plan.json").out == "plan.json: 1 host, no mistakes\n"
    Path("cut.json").write_text(Path("plan.json").read_text()[:300])
    assert "cut.json is refused: it is no saved plan, or was" in cli("validate", "cut.json").out
    Path("plan.json").write_text(Path("plan.json").read_text().replace("SRV01", "SRV02"))
    done = cli("validate", "plan.json", "--format", "json")
    [mistake] = done.data["files"][0]["mistakes"]
    assert (done.code, mistake["file"], mistake["line"]) == (64, "plan.json", None)
    assert "it was changed since it was written" in mistake["text"]


@pytest.mark.skipif(not OWNERS_ARE_KNOWN, reason="this system does not tell who may write")
@pytest.mark.parametrize("open_to_others", ["own", "own/own_fix.py"])
def test_no_playbook_runs_that_others_may_write_to(
    cli: Make, playbook: Make, open_to_others: str
) -> None:
    file = playbook() / "own_fix.py"
    ran = str(Path("ran").absolute())  # whoever runs it, and wherever
    file.write_text(f"open({ran!r}, 'w').close()\n{file.read_text()}")
    file.chmod(0o644)
    file.parent.chmod(0o755)
    Path(open_to_others).chmod(0o777)
    done = cli("validate", "own")
    assert done.code == 64
    assert "own_fix.py:1: it was not run: others may write to it" in done.out
    assert not Path("ran").exists()
    assert cli("validate", "own", "--allow-open-files").code == 0
    assert Path("ran").exists()


def test_the_hooks_take_the_files_that_they_are_for() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    files = {hook["id"]: re.compile(hook["files"]) for hook in hooks}
    for hook in hooks:
        program, name, *options = hook["entry"].split()
        assert (program, name) == ("remediate", validate.command.name)
        validate.command.make_context("validate", [*options, "x"], resilient_parsing=True)
    plain, playbooks = files["remediate-validate"], files["remediate-validate-playbooks"]
    for name in (
        "inventory.yaml",
        "a/inventory.prod.yml",
        "inventories/eu/p.csv",
        "waivers.yaml",
    ):
        assert plain.search(name)
    for name in ("inventory.md", "my-inventory.yaml", "docs/waivers.md"):
        assert not plain.search(name)
    assert playbooks.search("playbooks/own_fix.py")
    for name in ("playbooks/_own.py", "playbooks/test_own.py", "playbooks/a/b.py"):
        assert not playbooks.search(name)
