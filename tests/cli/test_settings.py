"""The settings file says what one would type every time, and nothing that must be typed."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from remediate.cli.commands.schema import published
from remediate.cli.settings_file import settings_path
from remediate.files import OWNERS_ARE_KNOWN
from remediate.lab.hosts import make_state
from remediate.model.schema import schema_of
from remediate.testing.transport import MemoryTransport
from tests.security.second_user import IS_ROOT, UID

Make = Any
SECRET = "Canary-Hunter2-9z"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the user's settings file."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("REMEDIATE_PASSWORD")

    def to_file(*lines: str, path: Path | None = None) -> Path:
        path = path or settings_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        path.chmod(0o644)
        return path

    return to_file


def shown(result: Any) -> dict[str, tuple[str, str]]:
    """Value and origin of each setting, by name."""
    assert result.code == 0, result.err
    settings = result.data["hosts"][0] if "hosts" in result.data else result.data
    return {one["name"]: (one["value"], one["origin"]) for one in settings["settings"]}


def test_each_place_counts_less_than_the_one_before(
    cli: Make, unsent: Make, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Option, environment, host, group, defaults, settings file, built in."""
    file = write("user: file", "auth: ntlm", "port: 1234", "password: keyring:mine", "tls: true")
    (tmp_path / "inv.yaml").write_text(
        "defaults: {user: defaults, port: 1}\n"
        "hosts:\n  SRV01: {port: 3}\n"
        "groups:\n  g: {hosts: [SRV01], user: group, port: 2}\n"
    )
    asked = ("hosts", "list", "-i", "inv.yaml", "--format", "json")
    told = shown(cli(*asked, "--auth", "kerberos", transport=unsent))
    assert told["auth"] == ("kerberos", "--auth")
    assert told["port"] == ("3", "host")
    assert told["user"] == ("group", "group g")
    assert told["password"] == ("keyring:mine", f"{file}:4")
    assert told["tls"] == ("true", f"{file}:5")
    assert told["transport"] == ("psrp", "built in")
    monkeypatch.setenv("REMEDIATE_PASSWORD", SECRET)
    told = shown(cli(*asked, transport=unsent))
    assert told["password"] == ("env:REMEDIATE_PASSWORD", "environment")
    told = shown(cli(*asked, "--passwords-only", "env:P", transport=unsent))
    assert told["password"] == ("env:P", "--passwords-only")
    typed = ("hosts", "list", "--host", "SRV02:99", "--format", "json")
    told = shown(cli(*typed, "--user", "me", transport=unsent))
    assert told["port"] == ("99", "--host")
    assert told["user"] == ("me", "--user")
    assert told["auth"] == ("ntlm", f"{file}:2")


def test_its_password_is_not_tried_for_another_user(
    cli: Make, unsent: Make, write: Write, tmp_path: Path
) -> None:
    (tmp_path / "inv.yaml").write_text("hosts: {SRV01: {user: dmz}}")
    listed = ("hosts", "list", "-i", "inv.yaml", "--format", "json")
    typed = ("config", "--user", "bob", "--format", "json")
    write("user: ada", "password: env:OF_ADA")
    for words in (listed, typed):
        assert shown(cli(*words, transport=unsent))["password"] == ("prompt:", "built in")
    same = shown(cli(*listed, "--user", "ADA", transport=unsent))
    assert same["password"] == ("env:OF_ADA", f"{settings_path()}:2")
    write("user: ada", "auth: kerberos", "keytab: k")
    assert "keytab" not in shown(cli(*listed, transport=unsent))
    for lines in (("user: ada", "password: keyring:mine"), ("password: env:OURS",)):
        write(*lines)
        origin = f"{settings_path()}:{len(lines)}"
        for words in (listed, typed):
            found = shown(cli(*words, transport=unsent))["password"]
            assert found == (lines[-1].removeprefix("password: "), origin)


def test_its_keytab_is_for_kerberos_only(
    cli: Make, unsent: Make, write: Write, tmp_path: Path
) -> None:
    pin = "sha256:" + "0" * 64
    (tmp_path / "inv.yaml").write_text(
        f"hosts:\n  A: {{auth: kerberos, user: u}}\n  B: {{tls: true, user: u, tls_pin: {pin}}}\n"
    )
    file = write("keytab: kt.keytab")
    result = cli("hosts", "list", "-i", "inv.yaml", "--format", "json", transport=unsent)
    assert result.code == 0, result.out
    found = [
        {one["name"]: one["origin"] for one in row["settings"]} for row in result.data["hosts"]
    ]
    assert [one.get("keytab") for one in found] == [f"{file}:1", None]
    assert found[1]["password"] == "built in"
    told = shown(cli("config", "--format", "json", transport=unsent))
    assert told["keytab"] == ("", "built in")
    typed = ("config", "--auth", "kerberos", "--format", "json")
    assert shown(cli(*typed, transport=unsent))["keytab"][1] == f"{file}:1"


@pytest.mark.parametrize(
    ("lines", "host", "says", "line"),
    [
        (("user: u", "auth: kerberos", "keytab: k"), "", "is an address", "auth is said in {}:2"),
        (("auth: basic",), "user: u", "readable by anyone", "auth is said in {}:1"),
        (("port: 5986", r"user: a:b"), "auth: basic", "has a colon", "user is said in {}:2"),
        (("user: u", "auth: certificate"), "", "no certificate is given", "auth is said in {}:2"),
        (("user: u", "auth: kerberos"), "auth: basic", "readable by anyone", ""),
        (("auth: ntlm",), "", "no user is given", ""),
    ],
)
def test_a_mistake_that_comes_of_it_names_its_line(
    lines: tuple[str, ...],
    host: str,
    says: str,
    line: str,
    cli: Make,
    unsent: Make,
    write: Write,
    tmp_path: Path,
) -> None:
    (tmp_path / "inv.yaml").write_text(f"hosts:\n  B: {{address: 10.0.0.1, {host}}}\n")
    file = write(*lines)
    result = cli("hosts", "list", "-i", "inv.yaml", transport=unsent)
    assert result.code == 64
    assert says in result.out
    assert line.format(file) in result.out
    assert (" is said in " in result.out) == bool(line)


def test_config_shows_what_counts_and_where_it_is_said(
    cli: Make, unsent: Make, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(
        "# what I type every time",
        r"user: CONTOSO\ada",
        f"password: command:vault get {SECRET}",
        "ca_file: ca.pem",
        "workers: 32",
        "timeout: 1.5",
        "format: ndjson",
        "playbooks: [fixes, ~/more]",
        "store: runs.db",
        "processes: 2",
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    asked = ("config", "--format", "json", "--workers", "4")
    monkeypatch.delenv("REMEDIATE_STORE")
    result = cli(*asked, transport=unsent)
    jsonschema.validate(result.data, schema_of(published()["Configuration"]))
    assert (result.data["file"], result.data["found"]) == (str(file), True)
    assert SECRET not in result.out
    told = shown(result)
    assert told["user"] == (r"CONTOSO\ada", f"{file}:2")
    assert told["password"] == ("command:vault …", f"{file}:3")
    assert told["ca_file"] == (str(file.parent / "ca.pem"), f"{file}:4")
    assert told["workers"] == ("4", "--workers")
    assert told["timeout"] == ("1.5", f"{file}:6")
    assert told["processes"] == ("2", f"{file}:10")
    assert told["format"] == ("ndjson", f"{file}:7")
    assert told["playbooks"] == (f"{file.parent / 'fixes'}, {tmp_path / 'more'}", f"{file}:8")
    assert told["store"] == (str(file.parent / "runs.db"), f"{file}:9")
    assert told["port"] == ("5985, or 5986 with TLS", "built in")
    assert told["keytab"] == ("", "built in")
    monkeypatch.setenv("REMEDIATE_STORE", str(tmp_path / "team.db"))
    monkeypatch.setenv("REMEDIATE_PASSWORD", SECRET)
    told = shown(cli(*asked, transport=unsent))
    assert told["store"] == (str(tmp_path / "team.db"), "environment (REMEDIATE_STORE)")
    assert told["password"] == ("env:REMEDIATE_PASSWORD", "environment")
    console = cli("config", transport=unsent).out.splitlines()
    assert console[0] == f"settings file: {file}"
    assert [line.split()[:2] for line in console if "keytab" in line] == [["keytab", "-"]]
    assert SECRET not in "".join(console)


def test_without_a_settings_file_all_is_built_in(cli: Make, write: Write) -> None:
    result = cli("config")
    assert result.out.startswith(f"settings file: {settings_path()}, which is not there\n")
    assert cli("config", "--path").out == f"{settings_path()}\n"
    assert shown(cli("config", "--format", "json"))["password"] == ("prompt:", "built in")


def test_other_options_take_from_it_what_is_not_typed(
    cli: Make, write: Write, tmp_path: Path, playbook: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = playbook()
    monkeypatch.delenv("REMEDIATE_STORE")
    write(f"playbooks: {folder}", "store: runs.db", "format: ndjson", "user: ada", "workers: 1")
    assert '"own-fix"' in cli("list", "--format", "json").out
    assert cli("list").out.startswith("agent\n"), "list does not know ndjson"
    assert cli("show", "own-fix").code == 0
    assert "Parameters of own-fix" not in cli("audit", "own-fix", "--help").err
    assert str(settings_path().parent / "runs.db") in cli("runs", "list").err
    monkeypatch.setenv("REMEDIATE_PASSWORD", SECRET)
    states = {"SRV01": make_state("SRV01")}
    words = ("audit", "own-fix", "--host", "SRV01")
    result = cli(*words, transport=lambda _: MemoryTransport(states))
    assert result.code == 0, result.err
    assert '"outcome":"compliant"' in result.out.splitlines()[-2].replace(" ", "")


WRONG = {
    "yes: true": "yes: nothing that takes a question, a check or a protection away comes from a",
    "force: true": "force: nothing that takes a question",
    "accept-irreversible: true": "accept-irreversible: nothing that takes a question",
    "partial: true": "partial: nothing that takes a question",
    "--although-unknown: true": "--although-unknown: nothing that takes a question",
    "allow_open_files: true": "allow_open_files: nothing that takes a question",
    "insecure: true": "insecure: nothing that takes a question",
    "inventory: prod.yaml": "inventory: which hosts are chosen comes from no file",
    "host: [SRV01]": "host: which hosts are chosen comes from no file",
    "params: {disk-space: {floor: 1GB}}": "params: it is about certain hosts: write it in an inv",
    "proxy: 'p:1'": "proxy: it is about certain hosts",
    "ca-file: ca.pem": "there is no setting 'ca-file'; did you mean ca_file?",
    "timeuot: 3": "there is no setting 'timeuot'; did you mean timeout?",
    f"password: {SECRET}": "a password is given by reference",
    f"auth: {SECRET}": "auth is none of those that there are",
    f"tls: {SECRET}": "tls is true or false, and nothing else",
    f"format: {SECRET}": "format is none of those that there are: write console, github, json or ",
    "workers: 0": "workers: write a whole number from 1 to 256",
    "workers: 1_0": "workers: write a whole number from 1 to 256",
    "tls: false": "tls: nothing that takes a question, a check or a protection away",
    "report: junit=x": "report: what one command does comes from no file",
    "passwords_only: 'env:P'": "passwords_only: what one command does comes from no file",
    "timeout: nan": "timeout: write a number from 1 to 86400",
    "timeout: [1]": "timeout is one text, not a list or mapping",
    "port: on": "the port must be",
    "playbooks: {a: b}": "playbooks is one text, not a list or mapping",
    "cert_file: null": "cert_file is null, which is nothing in YAML",
    f"store: postgresql://ops:{SECRET}@db/x": "store: a password stands in it",
    f"store: 'postgresql://ops@db/x?password={SECRET}'": "store: a password stands in it",
    f"store: ops:{SECRET}@db/x": "store: it looks like the address of a database",
    "store: sqlite:///x.db": "store: write the path of the file",
}


def test_all_that_may_not_stand_there_is_told_with_its_place(cli: Make, write: Write) -> None:
    for line, says in WRONG.items():
        file = write("user: ada", line)
        result = cli("config")
        result.explains(64, says)
        assert f"{file}:2:" in result.err
        assert SECRET not in result.err
    several = {line.partition(":")[0]: line for line in WRONG}
    write(*several.values())
    result = cli("audit", "--host", "SRV01")
    assert result.code == 64
    assert f"Error: {settings_path()} has " in result.err
    assert SECRET not in result.err
    write("user: a", "user: b")
    cli("config").explains(64, f"{settings_path()}:2:1: 'user' stands here for the second time")


def test_help_and_path_are_told_whatever_is_wrong_with_it(cli: Make, write: Write) -> None:
    write("yes: true")
    assert cli("config").code == 64
    for words in (("audit", "--help"), ("config", "--help"), ("config", "--path"), ("--help",)):
        assert cli(*words).code == 0


def test_what_lies_in_the_working_folder_is_never_read(
    cli: Make, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("config.yaml", "remediate.yaml", ".remediate.yaml", "remediate/config.yaml"):
        write("yes: true", path=tmp_path / path)
    assert cli("config").code == 0
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("XDG_CONFIG_HOME", ".")
    result = cli("config", "--path")
    assert result.out == f"{tmp_path}/elsewhere/.config/remediate/config.yaml\n"
    assert cli("config").code == 0


def test_another_file_takes_the_place_of_ones_own(
    cli: Make, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is to be typed later names it."""
    write("user: ada", "workers: 3")
    write("user: bob", path=tmp_path / "team.yaml")
    told = shown(cli("config", "--config", "team.yaml", "--format", "json"))
    assert told["user"] == ("bob", f"{tmp_path / 'team.yaml'}:1")
    assert told["workers"] == ("128", "built in")
    cli("config", "--config", "gone.yaml").explains(64, "gone.yaml cannot be read: No such file")
    cli("config", "--config", ".").explains(64, "it is a folder")
    monkeypatch.setenv("REMEDIATE_PASSWORD", SECRET)
    states = {"SRV01": make_state("SRV01")}
    words = ("apply", "schedule-fix", "--yes", "--host", "SRV01", "--config", "team.yaml")
    done = cli(*words, transport=lambda _: MemoryTransport(states))
    assert done.code == 0, done.err
    assert f"--config {tmp_path / 'team.yaml'}" in done.out


def test_the_demo_takes_no_notice_of_ones_own(cli: Make, write: Write) -> None:
    write("auth: kerberos", "tls: true", "format: json", "playbooks: nowhere", "store: other.db")
    result = cli("demo")
    assert result.code == 0, result.out
    assert "Every promise held" in result.out


@pytest.mark.skipif(not OWNERS_ARE_KNOWN, reason="this system does not tell who may write a file")
@pytest.mark.parametrize("mode", [0o666, 0o664, 0o602])
def test_one_that_others_may_write_is_refused(cli: Make, write: Write, mode: int) -> None:
    file = write("user: ada")
    file.chmod(mode)
    refused = cli("audit", "--host", "SRV01")
    refused.explains(64, f"{file} is not used: others may write to it", f"chmod go-w {file}")
    cli("config", "--config", file).explains(64, "others may write to it")
    file.chmod(0o644)
    assert cli("config").code == 0


@pytest.mark.skipif(not OWNERS_ARE_KNOWN, reason="this system does not tell who may write a file")
@pytest.mark.parametrize("what", ["", "own_fix.py"])
def test_playbooks_that_others_may_write_are_not_run(
    cli: Make, write: Write, playbook: Make, what: str
) -> None:
    folder = playbook()
    write(f"playbooks: {folder}")
    assert cli("show", "own-fix").code == 0
    (folder / what).chmod(0o777)
    cli("show", "own-fix").explains(64, f"what is in {folder / what} would be run, and others may")


@pytest.mark.second_user
@pytest.mark.skipif(not IS_ROOT, reason="only root can give a file away")
def test_one_of_somebody_else_is_refused(cli: Make, write: Write) -> None:
    file = write("user: ada")
    os.chown(file, UID, -1)
    cli("config").explains(64, f"{file} is not used: it belongs to ")


def test_the_program_of_an_inventory_gets_no_password_that_it_names(
    cli: Make, unsent: Make, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", SECRET)
    write("password: env:MY_SECRET", "user: ada")
    seen = tmp_path / "seen"
    words = f"command:sh -c 'env > {seen}; echo \"hosts: {{A: }}\"'"
    result = cli("hosts", "list", "-i", words, transport=unsent)
    assert result.code == 0, result.err
    assert "PATH" in seen.read_text()
    assert SECRET not in seen.read_text()
