"""Somebody else writes a playbook: a file in a folder that is named, or an installed package.

The person at the terminal lists playbooks, asks for help, completes a word, reads the text, and
only then names one. What runs is what was read, and nothing runs before.
"""

import os
import py_compile
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from remediate.cli.app import run
from remediate.cli.wiring import Parts
from remediate.playbook.catalogue import SHIPPED, Catalogue
from remediate.playbook.loader import PlaybookError
from remediate.report.printable import printable
from tests.cli.conftest import Result

GOOD = '''"""A playbook that somebody has sent."""
from pathlib import Path

from remediate.playbook import Field, Playbook, PlaybookParams

class Params(PlaybookParams):
    many: int = Field(3, description="How many")

class Sent(Playbook[Params]):
    """Why."""

    id = "sent-fix"
    title = "Make it so"
    source = "https://example.org/"

    def observe(self, params):
        return []

    def decide(self, seen, params):
        return []
'''
RAN = "(Path(__file__).parent / 'ran.log').touch()\n"
"""What the attacker wants to run; leaves a file when it does."""

CLEAR_SCREEN = "\\x1b[2J\\x1b]0;title\\x07\\nforged\\x7f row"

Type = Callable[..., Result]


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    """The attacker's folder."""
    folder = tmp_path / "sent"
    folder.mkdir()
    return folder


@pytest.fixture
def remediate(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Type:
    """What the person types, and sees."""
    monkeypatch.setenv("REMEDIATE_STORE", str(tmp_path / "runs.db"))
    monkeypatch.setenv("COLUMNS", "100")

    def typed(*words: object) -> Result:
        capsys.readouterr()
        code = run([str(word) for word in words], Parts())
        shown = capsys.readouterr()
        return Result(code, shown.out, shown.err)

    return typed


@pytest.fixture
def tab(remediate: Type, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What a shell offers for the last word."""

    def pressed(*words: object) -> list[str]:
        monkeypatch.setenv("_REMEDIATE_COMPLETE", "zsh_complete")
        monkeypatch.setenv("COMP_WORDS", " ".join(map(str, ["remediate", *words])))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        offered: list[str] = []
        monkeypatch.setattr("click.shell_completion.echo", offered.append)
        with pytest.raises(SystemExit):
            remediate()
        monkeypatch.delenv("_REMEDIATE_COMPLETE")
        return offered[0].decode().split("\n")  # type: ignore[attr-defined]

    return pressed


def write(folder: Path, text: str = GOOD, name: str = "sent_fix.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def ran(folder: Path) -> bool:
    """Whether the attacker had what he wanted."""
    return (folder / "ran.log").exists()


# What was read is what runs


def test_bytecode_beside_a_harmless_text_does_not_run(sent: Path, remediate: Type) -> None:
    path = write(sent, GOOD + RAN)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH  # Python asks nothing before it runs this
    hidden = Path(py_compile.compile(str(path), invalidation_mode=mode, doraise=True))
    write(sent)
    assert hidden.exists()
    assert remediate("show", "sent-fix", "--playbooks", sent).code == 0
    assert not ran(sent)


def test_no_bytecode_is_written_beside_a_playbook(
    sent: Path, remediate: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = write(sent)
    copy = sent.parent / "copy"
    shutil.copytree(SHIPPED, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr("remediate.playbook.catalogue.SHIPPED", copy)
    files = sorted(copy.iterdir())
    for name in Catalogue([sent]).entries:
        assert remediate("show", name, "--playbooks", sent).code == 0
    assert list(sent.iterdir()) == [path]
    assert sorted(copy.iterdir()) == files


def test_a_file_that_is_changed_after_it_was_read_runs_as_it_was_read(sent: Path) -> None:
    path = write(sent)
    known = Catalogue([sent])
    write(sent, GOOD + RAN)
    assert known.load("sent-fix").id == "sent-fix"
    path.unlink()
    assert known.load("sent-fix").id == "sent-fix"
    assert not ran(sent)


def test_a_comment_is_a_comment_in_whatever_encoding_it_says_it_is(
    sent: Path, remediate: Type
) -> None:
    """UTF-7 would make a line of code of a part of the comment."""
    write(sent, f"# coding: utf-7\n# +AAo-{RAN.replace(' / ', '/')}{GOOD}")
    assert remediate("show", "sent-fix", "--playbooks", sent).code == 0
    assert not ran(sent)


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # \u202e no comment, but read from right to left",
        "# a comment\u2028os.system('that is one, too')",
        "# a comment\x1b[1A\x1b[2K",
        "# \x85os.system('as above')",
        f"x = 1{' ' * 1000}; import os",
    ],
)
def test_a_text_that_is_not_what_it_looks_like_is_refused(
    line: str, sent: Path, remediate: Type
) -> None:
    path = write(sent, f"{GOOD}\n{line}\n")
    remediate("list", "--playbooks", sent).explains(64, f"{path}:22: the line has ")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("Sent.id = 'schedule-fix'\n", "another id"),
        ("Sent.title = 'Do not start a new instance of a running backup task'\n", "another title"),
        ("Sent.source = 'https://learn.microsoft.com/'\n", "another source"),
        ("class Sent(Sent):\n    id = 'schedule-fix'\n", "another id"),
        ("Sent.id = property(lambda self: 'schedule-fix')\n", "another id"),
        ("from operator import itemgetter as Sent\n", "Sent is no playbook"),
    ],
)
def test_a_playbook_that_is_another_one_when_it_has_run_is_refused_by_name(
    change: str, what: str, sent: Path, remediate: Type
) -> None:
    path = write(sent, GOOD + change)
    result = remediate("show", "sent-fix", "--playbooks", sent)
    result.explains(64, str(path), what)
    result = remediate("audit", "sent-fix", "--playbooks", sent, "--host", "A", "--user", "u")
    result.explains(64, str(path), what)


# Nothing runs that nobody has named


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["list", "--format", "json"],
        ["audit", "--help"],
        ["apply", "--help"],
        ["audit", "schedule-fix", "--help"],
        ["show", "schedule-fix"],
        ["rollback", "--help"],
        ["runs", "reconcile", "--help"],
    ],
)
def test_a_list_help_and_other_playbooks_run_nothing_of_it(
    words: list[str], sent: Path, remediate: Type
) -> None:
    write(sent, GOOD + RAN)
    assert remediate(*words, "--playbooks", sent).code == 0
    assert not ran(sent)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["apply"], "no playbook is named"),
        (["apply", "--folder", "x"], "no playbook is named"),
        (["audit", "--host", "A", "sent-fxi"], "no playbook 'sent-fxi': did you mean sent-fix?"),
        (["apply", "schedule-fix", "sent-fxi"], "no playbook 'sent-fxi'"),
    ],
)
def test_a_mistyped_command_runs_nothing_of_it(
    words: list[str], says: str, sent: Path, remediate: Type
) -> None:
    write(sent, GOOD + RAN)
    remediate(*words, "--playbooks", sent).explains(64, says)
    assert not ran(sent)


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        (["audit", "--playbooks", "SENT", ""], ["plain", "sent-fix", "_"]),
        (["audit", "--playbooks", "SENT", "sen"], ["plain", "sent-fix", "_"]),
        (["apply", "--playbooks", "SENT", "sen"], ["plain", "sent-fix", "_"]),
        (["show", "--playbooks", "SENT", "sen"], ["plain", "sent-fix", "_"]),
        (["audit", "--playbooks", "SENT", "--pla"], ["plain", "--playbooks"]),
        (["audit", "--playbooks", "SENT", "--auth", "nt"], ["plain", "ntlm", "_"]),
        (["audit", "--playbooks", "SENT", "schedule-fix", "--fol"], ["plain", "--folder"]),
    ],
)
def test_completing_a_word_runs_nothing_of_it(
    words: list[str], offers: list[str], sent: Path, tab: Callable[..., list[str]]
) -> None:
    write(sent, GOOD + RAN)
    offered = tab(*(sent if word == "SENT" else word for word in words))
    assert "\n".join(offers) in "\n".join(offered)
    assert not ran(sent)


def test_the_options_of_one_that_is_named_are_completed(
    sent: Path, tab: Callable[..., list[str]]
) -> None:
    write(sent)
    assert "--many" in tab("apply", "sent-fix", "--playbooks", sent, "--ma")


@pytest.mark.parametrize("text", ["def broken(:\n", GOOD + "1 / 0\n"])
def test_a_broken_playbook_does_not_disturb_a_shell(
    text: str,
    sent: Path,
    tab: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(sent, text)
    assert "--playbooks" in tab("audit", "sent-fix", "--playbooks", sent, "--pla")
    assert tab("audit", "--playbooks", sent, "x") == [""]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("inside", ["evil_package", "evil_package.deeper", "evil_space.evil_pkg"])
def test_a_package_is_listed_without_being_imported(
    inside: str, tmp_path: Path, remediate: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python would import the packages around a module to say where it is."""
    site = tmp_path / "site"
    folder = site.joinpath(*inside.split("."))
    folder.mkdir(parents=True)
    for package in (folder, folder.parent):
        if package.name.startswith(("evil_p", "deeper")):
            write(package, f"from pathlib import Path\n{RAN}", "__init__.py")
    write(folder, GOOD + RAN)
    info = site / "evil_package-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil-package\nVersion: 1\n")
    points = f"[remediate.playbooks]\nsent-fix = {inside}.sent_fix:Sent\n"
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(site))
    assert "  sent-fix " in remediate("list").out
    assert remediate("audit", "--help").code == 0
    assert remediate("show", "schedule-fix").code == 0
    assert list(site.rglob("ran.log")) == []
    assert [name for name in sys.modules if name.startswith("evil_")] == []

    assert remediate("show", "sent-fix").code == 0
    assert list(site.rglob("ran.log")) == [folder / "ran.log"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("nowhere_at_all.fix:Fix", "there is no such module"),
        ("email.nowhere:Fix", "there is no such module"),
        ("math:Fix", "has no file to read"),
        ("xml:Fix", "there is no playbook in it"),
        ("!!", "there is no such module"),
    ],
)
def test_a_package_that_names_no_playbook_is_refused_by_name(
    value: str, says: str, tmp_path: Path, remediate: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "evil_package-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil-package\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[remediate.playbooks]\nx = {value}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    remediate("list").explains(64, says)


FOREIGN = """
import pathlib, sys
pathlib.Path(__file__).with_name("ran.log").touch()
raise SystemExit(f"{__file__} was imported")
"""


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["-P"]])
def test_modules_in_the_working_directory_are_not_imported(
    options: list[str], tmp_path: Path
) -> None:
    for name in ("click", "yaml", "pydantic", "rich", "platformdirs"):
        write(tmp_path, FOREIGN, f"{name}.py")
    (tmp_path / "inventory").write_text("hosts: {A: {user: u}}")
    words = ["audit", "schedule-fix", "-i", "inventory", "--password-from", "env:NOT_SET"]
    done = subprocess.run(
        [sys.executable, *options, "-m", "remediate", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        64,
        "Error: the environment variable NOT_SET is not set.",
    )
    assert not ran(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a folder that somebody works in")
def test_a_working_directory_that_is_gone_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    done = subprocess.run(
        ["sh", "-c", f"cd gone; rmdir ../gone; exec {sys.executable} -m remediate --version"],  # noqa: S607
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("options", [[], ["-P"]])
def test_a_folder_that_is_named_to_python_counts_wherever_one_is(
    options: list[str], tmp_path: Path
) -> None:
    write(tmp_path)
    info = tmp_path / "own-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[remediate.playbooks]\nx = sent_fix:Sent\n")
    done = subprocess.run(
        [sys.executable, *options, "-m", "remediate", "list"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "  sent-fix " in done.stdout


# Nothing that it says steers a terminal


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('"sent-fix"', f'"{CLEAR_SCREEN}"', 12),
        ('"sent-fix"', '"sent\\u202e-fix"', 12),
        ('"Make it so"', f'"Make it {CLEAR_SCREEN}"', 13),
        ('"https://example.org/"', f'"https://example.org/{CLEAR_SCREEN}"', 14),
    ],
)
def test_what_it_calls_itself_is_printable_or_refused_with_its_line(
    old: str, new: str, line: int, sent: Path, remediate: Type, tab: Callable[..., list[str]]
) -> None:
    path = write(sent, GOOD.replace(old, new))
    for words in (["list"], ["list", "--format", "json"], ["audit", "--help"]):
        result = remediate(*words, "--playbooks", sent)
        result.explains(64, f"{path}:{line}: playbook Sent: the ")
        assert result.err.replace("\n", "").isprintable()
    assert tab("audit", "--playbooks", sent, "") == [""]


def test_what_its_options_say_of_themselves_is_made_printable(
    sent: Path, remediate: Type, tab: Callable[..., list[str]]
) -> None:
    fields = f"""
    many: Literal["few", "{CLEAR_SCREEN}"] = Field("few", description="How many {CLEAR_SCREEN}")
    least: str = Field("{CLEAR_SCREEN}", description="From where")
"""
    text = GOOD.replace('    many: int = Field(3, description="How many")\n', fields)
    write(sent, "from typing import Literal\n" + text)
    for words in (["apply", "sent-fix", "--help"], ["show", "sent-fix"]):
        result = remediate(*words, "--playbooks", sent)
        assert "How many \N{REPLACEMENT CHARACTER}" in result.out
        assert all(map(str.isprintable, result.out.split("\n")))
    result = remediate("show", "sent-fix", "--playbooks", sent, "--format", "json")
    assert all(map(str.isprintable, result.out.split("\n")))
    result = remediate("apply", "sent-fix", "--playbooks", sent, "--many", "x")
    result.explains(64, "--many")
    assert result.err.replace("\n", "").isprintable()
    offered = tab("apply", "sent-fix", "--playbooks", sent, "--")
    assert "--many" in offered
    assert all(map(str.isprintable, offered))
    assert tab("apply", "sent-fix", "--playbooks", sent, "--many", "") == ["plain", "few", "_"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names")
@pytest.mark.parametrize("char", ["\x1b", "\n", "\u00ad", "\u200e", "\u3164"])
def test_a_file_whose_name_nobody_can_read_is_refused(
    char: str, sent: Path, remediate: Type
) -> None:
    write(sent, name=f"x{char}y.py")
    result = remediate("list", "--playbooks", sent)
    result.explains(64, f"'x<U+{ord(char):04X}>y.py' has a ")
    assert result.err.replace("\n", "").isprintable()


@pytest.mark.parametrize("char", "\u00ad\u034f\u115f\u200b\u200d\u200e\u3164\ufe0f\uffa0\U000e0101")
def test_what_nobody_can_see_in_its_text_is_refused(char: str, sent: Path, remediate: Type) -> None:
    write(sent, GOOD.replace('title = "', f'title = "{char}'))
    result = remediate("list", "--playbooks", sent)
    result.explains(64, f"a character that cannot be seen (U+{ord(char):04X})")


DECLARED = [
    ("symptoms = 5", "`symptoms` must be several names"),
    ("symptoms = 'schedule'", "`symptoms` must be several names"),
    ("after = [5]", "`after` must be several names"),
    ("rules = {'a': 1}", "`rules` must be several names"),
    ("writes = 'text'", "`writes` must be several kinds of resource"),
    ("writes = (int,)", "`writes` must be several kinds of resource"),
    ("example = 5", "`example` must be parameters by name"),
    ("risk = 5", "`risk` must be a sentence"),
    ("origin = 5", "`origin` must be a method"),
    ("def assumptions(self, params): return 1 / 0", "division by zero"),
    ("def irreversible(self, params): raise BaseException('it is over')", "it is over"),
    ("def __init__(self): raise GeneratorExit('it is over')", "it is over"),
]


@pytest.mark.parametrize(("declared", "says"), DECLARED)
def test_what_is_declared_as_something_else_is_a_mistake_of_its_author(
    declared: str, says: str, sent: Path, remediate: Type
) -> None:
    path = write(sent, f"{GOOD}\n    {declared}\n")
    result = remediate("show", "sent-fix", "--playbooks", sent)
    result.explains(64, f"{path}:", says)


FIELDS = [
    ("key: SecretBytes = Field(description='a')", "must be a SecretStr"),
    ("key: Secret[int] = Field(description='a')", "must be a SecretStr"),
    ("key: SecretStr = Field(SecretStr('x'), description='a')", "has no default"),
    ("key: SecretStr | None = Field(default_factory=lambda: 'x', description='a')", "no default"),
    ("key: object = Field(object(), description='a')", "cannot be recorded"),
    ("key: 'Nothing' = Field(1, description='a')", "a type that is not known"),
    ("key: int = Field(1, description=5)", "has no description"),
]


@pytest.mark.parametrize(("field", "says"), FIELDS)
def test_a_parameter_that_could_show_its_secret_or_cannot_be_kept_is_refused(
    field: str, says: str, sent: Path, remediate: Type
) -> None:
    old = '    many: int = Field(3, description="How many")\n'
    assert old in GOOD
    write(sent, "from pydantic import *\n" + GOOD.replace(old, f"    {field}\n"))
    remediate("show", "sent-fix", "--playbooks", sent).explains(64, says)


def test_python_says_nothing_of_its_text_past_us(sent: Path, remediate: Type) -> None:
    """Python would print a warning, with the line, when it compiles these."""
    write(sent, GOOD + 'x = "\\d"\nx is 1\n')
    result = remediate("show", "sent-fix", "--playbooks", sent)
    assert (result.code, result.err) == (0, "")


# What never ends, or is too much


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"x = {'-' * 200_000}1\n", ": it is longer than 65536 bytes"),
        (f"x = {'-' * 60_000}1\n", ":1: the line has more than 1000 characters"),
        (f"x = {'1 + ' * 15_000}1\n", ":1: the line has more than 1000 characters"),
        (f"import {'a.' * 30_000}a\n", ":1: the line has more than 1000 characters"),
        (f"x = a{'.b' * 30_000}\n", ":1: the line has more than 1000 characters"),
        (f"x = {'1 + ' * 100}\\\n" + f"{'1 + ' * 100}\\\n" * 100 + "1\n", ": its code is nested"),
        ("if a: pass\n" + "elif a: pass\n" * 5_000, ": its code is nested"),
        ("(" * 900, ":1: too many nested parentheses"),
        ("".join(f"{' ' * depth}if a:\n" for depth in range(200)), ":101: too many levels"),
        ("x = 1\ny = '\0'\n", ":2: the line has a character that cannot be seen (U+0000)"),
        (f"x = 1\ny = {'9' * 900}\n" * 3, ":1: there is no playbook in it"),
        ("x = 1\n\ny = '\udcff'\n", ":3: it is not text in UTF-8"),
    ],
)
def test_a_hostile_text_is_refused_in_a_sentence(
    text: str, says: str, sent: Path, remediate: Type
) -> None:
    path = sent / "sent_fix.py"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    remediate("list", "--playbooks", sent).explains(64, f"{path}{says}")


def test_what_only_fails_when_it_is_to_run_is_refused_in_a_sentence(
    sent: Path, remediate: Type
) -> None:
    path = write(sent, GOOD + "with " + "a, " * 100 + "a: pass\n")
    result = remediate("show", "sent-fix", "--playbooks", sent)
    result.explains(64, f"{path}:21: too many statically nested blocks")


@pytest.mark.skipif(os.name == "nt", reason="Windows has none of these")
@pytest.mark.parametrize("kind", ["pipe", "/dev/zero", "/dev/tty", "folder", "circle"])
def test_what_is_no_file_is_refused_at_once(kind: str, sent: Path, remediate: Type) -> None:
    path = sent / "sent_fix.py"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "circle":
            path.symlink_to(path)
        case _:
            path.symlink_to(kind)
    results: list[Result] = []
    thread = threading.Thread(
        target=lambda: results.append(remediate("list", "--playbooks", sent)), daemon=True
    )
    thread.start()
    thread.join(30)
    results[0].explains(64, f"{path}: ")


def test_nothing_of_a_playbook_that_fails_stays_behind(sent: Path) -> None:
    write(sent, GOOD + "import sys\ndel sys.modules[__name__]\n1 / 0\n")
    before = set(sys.modules)
    with pytest.raises(PlaybookError, match=r"sent_fix\.py:23: division by zero"):
        Catalogue([sent]).load("sent-fix")
    new = set(sys.modules) - before
    assert [name for name in new if name.startswith("remediate_playbooks.")] == []


def test_a_printable_text_is_what_python_calls_printable() -> None:
    """So what is refused by one and made harmless by the other are the same characters."""
    steering = "\x00\x1b\x7f\x9b\u061c\u200b\u200e\u2028\u202e\u2066\ufeff\U000e0041"
    assert not any(map(str.isprintable, steering))
    assert all(map(str.isprintable, printable(steering)))
