"""Somebody who may write the inventory, and nothing else, reaches for what this account has.

Who: the author of a branch whose inventory a job reads, or of a file that was sent to us.
What: any YAML at all. He knows which secrets the job has in its environment, and which files.
What happens: nothing is sent in the clear, no program runs and no other secret is used when the
job says so, nothing is sent that the file does not show, and no file keeps the job busy.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from remediate.model.host import Host
from remediate.secrets import Secrets
from tests.cli.conftest import PASSWORD, Result, Unsent, _surroundings, cli, unsent

__all__ = ["_surroundings", "cli", "unsent"]

Cli = Callable[..., Result]
Audit = Callable[..., Result]

NOTHING_SENT = "Nothing was sent to any host."
HELD = ["--passwords-only", "env:REMEDIATE_PASSWORD"]


@pytest.fixture
def audit(cli: Cli, unsent: Unsent, tmp_path: Path) -> Audit:
    """A job that audits with an inventory of the attacker, and may send nothing."""

    def job(inventory: str | bytes, *options: object, user: str = "svc") -> Result:
        path = tmp_path / "prod.yaml"
        path.write_bytes(inventory.encode() if isinstance(inventory, str) else inventory)
        path.chmod(0o600)
        login = ["--user", user] if user else []
        return cli("audit", "-i", path, *login, *options, transport=unsent)

    return job


# The password in the clear

CLEAR = "hosts: {SRV01: {address: 203.0.113.9, auth: basic, insecure: true}}"


def test_an_inventory_alone_does_not_have_a_password_sent_in_the_clear(audit: Audit) -> None:
    audit(CLEAR).explains(
        64,
        "basic over plain HTTP would send the password of SRV01 readable",
        "insecure: true in an inventory counts only together with --insecure.",
        NOTHING_SENT,
    )


@pytest.mark.parametrize("place", ["defaults", "groups"])
def test_it_makes_no_difference_where_the_inventory_says_so(place: str, audit: Audit) -> None:
    said = "{auth: basic, insecure: true}"
    where = (
        f"groups: {{g: {{hosts: [SRV01], {said[1:]}}}" if place == "groups" else f"defaults: {said}"
    )
    audit(f"hosts: {{SRV01: }}\n{where}").explains(64, "counts only together with --insecure.")


def test_a_host_that_the_command_line_asks_no_courage_for_is_simply_encrypted(
    cli: Cli, tmp_path: Path
) -> None:
    """The word has no effect where nothing would be sent in the clear."""
    (tmp_path / "prod.yaml").write_text("hosts: {SRV01: {insecure: true}}")
    reached: list[Host] = []
    cli("audit", "-i", "prod.yaml", "--user", "svc", transport=keeping(reached))
    assert [host.insecure for host in reached] == [False]


def test_the_command_line_and_the_inventory_together_allow_it(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "prod.yaml").write_text(CLEAR)
    reached: list[Host] = []
    cli("audit", "-i", "prod.yaml", "--user", "svc", "--insecure", transport=keeping(reached))
    assert [(host.address, host.insecure) for host in reached] == [("203.0.113.9", True)]


def test_with_an_authority_on_the_command_line_that_of_the_inventory_is_not_trusted(
    cli: Cli, tmp_path: Path
) -> None:
    for name in ("ours.pem", "his.pem"):
        (tmp_path / name).touch()
    text = "hosts: {SRV01: {tls: true, ca_file: his.pem}}\ndefaults: {ca_file: his.pem}"
    (tmp_path / "prod.yaml").write_text(text)
    reached: list[Host] = []
    options = ["-i", "prod.yaml", "--user", "svc", "--ca-file", "ours.pem"]
    cli("audit", *options, transport=keeping(reached))
    assert [host.ca_file for host in reached] == [tmp_path / "ours.pem"]


def test_a_pin_of_the_inventory_does_not_count_beside_what_the_command_line_trusts(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "ours.pem").touch()
    his, ours = "sha256:" + 32 * "66", "sha256:" + 32 * "0f"
    (tmp_path / "prod.yaml").write_text(f"hosts: {{SRV01: {{tls: true, tls_pin: {his!r}}}}}")
    reached: list[Host] = []
    for option in (["--ca-file", "ours.pem"], ["--tls-pin", ours]):
        options = ["-i", "prod.yaml", "--user", "svc", *option]
        cli("audit", *options, transport=keeping(reached))
    trusted = [(host.ca_file, host.tls_pin) for host in reached]
    assert trusted == [(tmp_path / "ours.pem", None), (None, ours)]


def keeping(reached: list[Host]) -> Callable[[object], object]:
    """A transport that keeps the hosts it is asked to reach, and reaches none."""

    class Keeping:
        def session(self, host: Host) -> object:
            reached.append(host)
            raise ConnectionError

    return lambda _: Keeping()


# Other secrets, and programs

OTHERS = {
    "another variable": "password: env:GITHUB_TOKEN",
    "a file": "password: file:/root/.ssh/id_ed25519",
    "a program": "password: 'command:touch ran'",
    "a key": "auth: certificate, cert_file: c.pem, key_file: /etc/ssl/private/k.pem",
    "a keytab": "auth: kerberos, keytab: /etc/krb5.keytab",
}


@pytest.mark.parametrize("place", ["host", "group", "defaults", "host that is not chosen"])
@pytest.mark.parametrize("said", OTHERS.values(), ids=OTHERS)
def test_a_job_that_holds_the_inventory_to_one_password_refuses_any_other(
    said: str, place: str, audit: Audit, tmp_path: Path
) -> None:
    text = {
        "host": f"hosts:\n  SRV01: {{{said}}}",
        "group": f"hosts: {{SRV01: }}\ngroups: {{g: {{hosts: [SRV01], {said}}}}}",
        "defaults": f"hosts: {{SRV01: }}\ndefaults: {{{said}}}",
        "host that is not chosen": f"hosts:\n  SRV01:\n  SRV02: {{{said}}}",
    }[place]
    result = audit(text, *HELD, "--limit", "SRV01")
    assert (result.code, result.out) == (64, "")
    assert "prod.yaml:" in result.err
    assert "--passwords-only allows" in result.err
    assert NOTHING_SENT in result.err
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("said", ["", "password: env:REMEDIATE_PASSWORD", "user: svc"])
def test_a_job_that_holds_the_inventory_to_one_password_uses_that_one(
    said: str, cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "prod.yaml").write_text(f"hosts: {{SRV01: {{{said}}}}}")
    reached: list[Host] = []
    cli("audit", "-i", "prod.yaml", "--user", "svc", *HELD, transport=keeping(reached))
    assert [host.password for host in reached] == ["env:REMEDIATE_PASSWORD"]


def test_the_one_password_may_have_any_name(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_PASSWORD", "x")
    (tmp_path / "prod.yaml").write_text("hosts: {SRV01: }")
    reached: list[Host] = []
    options = ["-i", "prod.yaml", "--user", "svc", "--passwords-only", "env:AUDIT_PASSWORD"]
    cli("audit", *options, transport=keeping(reached))
    assert [host.password for host in reached] == ["env:AUDIT_PASSWORD"]


def test_what_holds_the_inventory_is_a_variable_and_contradicts_nothing(audit: Audit) -> None:
    for word in ("hunter2", "file:x", "command:x", "prompt:", "env:", "env:a\n"):
        result = audit("hosts: {SRV01: }", "--passwords-only", word)
        result.explains(64, "write env:NAME")
        assert "hunter2" not in result.err
    result = audit("hosts: {SRV01: }", *HELD, "--password-from", "env:OTHER")
    result.explains(64, "--password-from is not env:REMEDIATE_PASSWORD, and --passwords-only")


@pytest.mark.skipif(os.name == "nt", reason="who may write a file is known on POSIX")
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
@pytest.mark.parametrize("said", ["command:touch ran", "file:pw"])
def test_a_program_or_a_file_is_not_taken_from_an_inventory_that_others_write(
    said: str, mode: int, cli: Cli, unsent: Unsent, tmp_path: Path
) -> None:
    path = tmp_path / "prod.yaml"
    path.write_text(f"hosts:\n  SRV01: {{password: '{said}'}}")
    path.chmod(mode)
    scheme = said.partition(":")[0]
    cli("audit", "-i", path, "--user", "svc", transport=unsent).explains(
        64,
        f"prod.yaml:2:21: SRV01: a password's {scheme}: is not taken from this file",
        f"others may write to it (mode {mode:04o})",
        "accept it with --allow-open-files",
    )
    assert not (tmp_path / "ran").exists()
    (tmp_path / "pw").write_text("x")
    (tmp_path / "pw").chmod(0o600)
    command = f"command:{sys.executable} -c print(1)"
    path.write_text(path.read_text().replace("command:touch ran", command))
    reached: list[Host] = []
    options = ["-i", path, "--user", "svc", "--allow-open-files"]
    cli("audit", *options, transport=keeping(reached))
    assert [host.password for host in reached] == [
        f"file:{tmp_path / 'pw'}" if scheme == "file" else command
    ]


# Whom a question is about, and whom an answer goes to


def asked(*hosts: Host) -> list[str]:
    questions: list[str] = []
    secrets = Secrets(lambda text: questions.append(text) or "x", hosts)
    for host in hosts:
        secrets(host)
    return questions


def at(address: str, name: str, where: str = "prompt:", port: int = 5985) -> Host:
    return Host(name=name, address=address, port=port, user="svc", password=where)


def test_who_is_asked_is_told_where_the_answer_goes() -> None:
    assert asked(at("203.0.113.9", "SRV01", "prompt:ada of the bank")) == [
        "Password of ada of the bank for SRV01 at 203.0.113.9: "
    ]
    assert asked(at("SRV01", "SRV01"), at("SRV02", "SRV02"), at("6.6.6.6", "SRV03")) == [
        "Password of svc for SRV01, SRV02 and SRV03 at 6.6.6.6: "
    ]
    assert asked(*(at(f"SRV0{n}", f"SRV0{n}") for n in range(1, 7))) == [
        "Password of svc for SRV01, SRV02, SRV03 and 3 more: "
    ]
    assert asked(at("::1", "[::1]:5986", port=5986), at("6.6.6.6", "6.6.6.60")) == [
        "Password of svc for [::1]:5986 and 6.6.6.60 at 6.6.6.6: "
    ]


def test_one_answer_goes_to_hosts_with_the_same_question_only() -> None:
    hosts = [at("A", "A", "prompt:a"), at("B", "B", "prompt:b"), at("C", "C", "prompt:a")]
    assert asked(*hosts) == ["Password of a for A and C: ", "Password of b for B: "]


# What is not what it looks like

SENT_AS_SOMETHING_ELSE = {
    "a bell in the account": (r'hosts: {A: {user: "CONTOSO\administrator"}}', "control character"),
    "an account that reads backwards": ("hosts: {A: {user: 'a\u202eb'}}", "cannot be seen"),
    "a port that YAML makes of a word": ("hosts: {A: {port: on}}", "not 'on'"),
    "a port that YAML makes of an octal": ("hosts: {A: {port: 010}}", "not '010'"),
    "a port that YAML makes of a time": ("hosts: {A: {port: 99:45}}", "not '99:45'"),
    "an address of another form": ("hosts: {A: {address: 0x7f.1}}", "is not a valid IP address"),
    "an address in octal": ("hosts: {A: {address: 010.0.0.1}}", "is not a valid IP address"),
    "an address in a zone": ("hosts: {A: {address: 'fe80::1%eth0'}}", "names a zone"),
    "an address with a zone in a URL": ("hosts: {A: {address: 'fe80::1%254'}}", "names a zone"),
    "an address with a path": ("hosts: {A: {address: 'b/../c'}}", "is not a host name"),
    "an address with an account": ("hosts: {A: {address: 'x@6.6.6.6'}}", "has no @"),
    "an address with a port": ("hosts: {A: {address: 'b:80'}}", "the port is a setting of its own"),
    "a line in a name": ('hosts: {"A\\r\\nB": {address: C}}', "control character"),
    "a name of the terminal": ('hosts: {"\\e]0;x\\a": {address: C}}', "control character"),
    "a text made by a tag": ("hosts: {A: {user: !!binary YQA=}}", "tags"),
    "an object made by a tag": ("hosts: !!python/object/apply:os.system [touch ran]", "tags"),
    "a second host of the name": (
        "hosts:\n  A:\n  A: {address: B}",
        "'A' stands here for the second",
    ),
    "a second document": ("hosts: {A: }\n---\nhosts: {B: }", "a second document"),
}


@pytest.mark.parametrize(
    ("text", "says"), SENT_AS_SOMETHING_ELSE.values(), ids=SENT_AS_SOMETHING_ELSE
)
def test_what_is_not_what_it_looks_like_is_refused_with_its_line(
    text: str, says: str, audit: Audit, tmp_path: Path
) -> None:
    result = audit(text, user="")
    result.explains(64, "prod.yaml:", says, NOTHING_SENT)
    assert not (tmp_path / "ran").exists()


# Files that keep a job busy

LISTS = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 12))
BUSY = {
    "brackets": "[" * 50_000,
    "braces": "hosts: " + "{a: " * 50_000,
    "mappings": "\n".join(" " * n + "a:" for n in range(1000)),
    "dashes": "- " * 50_000,
    "questions": "? " * 50_000,
    "a number": f"hosts: {{A: {{port: {'9' * 5000}}}}}",
    "a number as a name": f"hosts: {{{'9' * 5000}: }}",
    "a day that there is not": "hosts: {A: {port: 2001-99-99}}",
    "a day as a name": "hosts: {2001-99-99: {port: 2001-99-99}}",
    "aliases of aliases": f"l0: &l0 [x, x]\n{LISTS}\nhosts: {{A: *l11}}",
    "an alias of itself": "hosts: &a {A: *a}",
    "merged with itself": "hosts: &a {<<: *a}",
    "a very long file": b"hosts: {A: }\n" + b"#" * 3 * 1024 * 1024,
    "a very long name": f"hosts: {{{'a' * 1_000_000}: }}",
    "a very long account": f"hosts: {{A: {{user: {'a' * 1_000_000}}}}}",
    "another alphabet": "hosts: {A: {port: \u0665}}",
    "names of tags": "".join(f"%TAG !a{n}! x\n" for n in range(100_000)) + "--- {hosts: {A: }}",
    "half a letter": '{"\\ud800": x}',
    "a very long setting": f"hosts: {{A: {{{'p' * 500_000}: 1}}}}",
    "not a text": b"\xff\xfe\x00\xd8",
    "a null": b"hosts: {A\x00: }",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", BUSY.values(), ids=BUSY)
def test_a_file_that_would_keep_the_job_busy_is_refused_in_one_sentence(
    text: str | bytes, audit: Audit
) -> None:
    result = audit(text)
    result.explains(64, "prod.yaml", NOTHING_SENT)
    assert len(result.err) < 500


def test_a_file_full_of_mistakes_is_told_by_its_first_ones(audit: Audit) -> None:
    result = audit("hosts:\n" + "\n".join(f"  A{n}: {{port: x}}" for n in range(1, 5000)))
    first, *mistakes, last = result.err.splitlines()
    assert (result.code, first.endswith("has 1001 mistakes.")) == (64, True)
    assert "prod.yaml:2:14: A1: the port must be a number" in mistakes[0]
    assert mistakes[-1] == "… and 981 more."
    assert (len(mistakes), last) == (21, f"{NOTHING_SENT} Correct that, then run it again.")


@pytest.mark.skipif(os.name == "nt", reason="there are no such files on Windows")
@pytest.mark.timeout(60)
def test_a_file_that_never_ends_or_never_answers_is_refused_at_once(
    cli: Cli, unsent: Unsent, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name, what in (
        ("pipe", "a named pipe"),
        ("endless", "a device"),
        ("/dev/zero", "a device"),
    ):
        result = cli("audit", "-i", name, "--user", "svc", transport=unsent)
        result.explains(64, f"the inventory {name} cannot be read: it is {what}", NOTHING_SENT)


def test_no_mistake_repeats_a_secret(audit: Audit) -> None:
    result = audit(
        f"hosts: {{A: {{password: '{PASSWORD}'}}}}\ndefaults: {{password: '{PASSWORD}'}}"
    )
    assert (result.code, PASSWORD in result.err) == (64, False)
    assert "a password is given by reference" in result.err
