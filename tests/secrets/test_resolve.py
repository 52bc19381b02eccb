"""References become secrets, and failing to never shows one."""

import sys
import threading
from pathlib import Path

import pytest

from remediate.files import OWNERS_ARE_KNOWN
from remediate.model.host import Host
from remediate.secrets import SecretError, Secrets, resolve

CANARY = "c4nary-Pässwört!"


def host(name: str, user: str = "admin", reference: str | None = "prompt:") -> Host:
    return Host(name=name, address="127.0.0.1", port=5985, user=user, password=reference)


def own(path: Path, data: bytes) -> Path:
    """A file for this account alone."""
    path.touch(mode=0o600)
    path.write_bytes(data)
    return path


def test_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_VARIABLE", CANARY)
    secret = resolve("env:CANARY_VARIABLE")
    assert secret.get_secret_value() == CANARY
    assert CANARY not in repr(secret) + str(secret)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_file_with_or_without_line_end_and_byte_order_mark(
    tmp_path: Path, start: str, end: str
) -> None:
    path = own(tmp_path / "secret", f"{start} {CANARY} {end}".encode())
    assert f" {CANARY} " == resolve(f"file:{path}").get_secret_value()


def test_a_program_gets_its_words_and_no_shell(tmp_path: Path) -> None:
    script = tmp_path / "print a word.py"
    script.write_text("import sys; print(sys.argv[1])")
    secret = resolve(f'command:"{sys.executable}" "{script}" "C:\\a;b $(c)"')
    assert secret.get_secret_value() == r"C:\a;b $(c)"


def test_a_person_is_asked_whose_password_it_is() -> None:
    asked: list[str] = []

    def ask(text: str) -> str:
        asked.append(text)
        return CANARY

    assert resolve(r"prompt:CONTOSO\admin", ask).get_secret_value() == CANARY
    assert asked == [r"Password of CONTOSO\admin: "]


def test_one_prompt_for_all_hosts_of_a_user() -> None:
    asked: list[str] = []
    secrets = Secrets(lambda text: asked.append(text) or "x")
    threads = [threading.Thread(target=secrets, args=(host(f"h{n}"),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    secrets(host("other", user="second"))
    assert len(asked) == 2
    assert asked[0].startswith("Password of admin for h")
    assert asked[1].startswith("Password of second for ")


def _nobody(text: str) -> str:
    raise EOFError


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("env:CANARY_MISSING", "CANARY_MISSING is not set"),
        ("env:CANARY_EMPTY", "from env:CANARY_EMPTY is empty"),
        ("prompt:", "no terminal"),
        ("file:{missing}", "No such file"),
        ("file:{folder}", "it is a folder"),
        ("file:{binary}", "not UTF-8"),
        ("file:{long}", "longer than"),
        ("file:~no-such-account/x", "no home folder"),
        ("file:{nothing}", "empty"),
        ("command:{missing}", "does not start"),
        ("command:'{python}' -c 'print(\"c4nary\"); import sys; sys.exit(3)'", "exit code 3"),
        ("command:'unclosed", "not closed"),
        ("command: ", "names no program"),
        ("c4nary", "by reference"),
        ("c4nary:c4nary", "by reference"),
        ("env:", "by reference"),
        ("", "by reference"),
    ],
)
def test_what_cannot_be_resolved_is_said_in_words_without_a_secret(
    reference: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CANARY_MISSING", raising=False)
    monkeypatch.setenv("CANARY_EMPTY", "")
    files = {"binary": b"c4nary\xff\xfe", "long": b"c4nary" * 20000, "nothing": b"\n"}
    for name, data in files.items():
        own(tmp_path / name, data)
    places = {name: tmp_path / name for name in (*files, "missing")}
    text = reference.format(folder=tmp_path, python=sys.executable, **places)
    with pytest.raises(SecretError, match=says) as caught:
        resolve(text)
    assert "c4nary" not in str(caught.value) + repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.skipif(not OWNERS_ARE_KNOWN, reason="Windows has access lists, not modes")
@pytest.mark.parametrize("mode", [0o604, 0o660])
def test_a_password_file_that_others_may_read_is_used_only_when_that_is_accepted(
    tmp_path: Path, mode: int
) -> None:
    path = own(tmp_path / "secret", CANARY.encode())
    path.chmod(mode)
    says = f"others may read it .mode {mode:04o}.*chmod 600.*--allow-open-files"
    with pytest.raises(SecretError, match=says):
        resolve(f"file:{path}")
    assert resolve(f"file:{path}", allow_open_files=True).get_secret_value() == CANARY


def test_the_end_of_input_is_no_password() -> None:
    with pytest.raises(SecretError, match="input ended"):
        resolve("prompt:", _nobody)


def test_a_host_without_a_reference_is_named() -> None:
    with pytest.raises(SecretError, match="SRV01"):
        Secrets()(host("SRV01", reference=None))


def test_a_program_is_asked_for_each_host_and_many_are_at_once(tmp_path: Path) -> None:
    """Eight programs wait for each other: one after the other they would never end."""
    code = (
        "import os, sys, time\n"
        "place, name = sys.argv[1:]\n"
        "open(os.path.join(place, name), 'w').close()\n"
        "while len(os.listdir(place)) < 8: time.sleep(0.01)\n"
        "print('of ' + name)\n"
    )
    program, place = tmp_path / "ask.py", tmp_path / "asked"
    program.write_text(code)
    place.mkdir()
    asking = f"command:{sys.executable} {program} {place} {{host}}"
    hosts = [host(f"h {n}", reference=asking) for n in range(8)]
    secrets = Secrets(hosts=hosts)
    secrets.look_up(hosts)
    for each in hosts:
        assert secrets(each).get_secret_value() == f"of {each.name}"
    with pytest.raises(SecretError, match="stands for a host"):
        resolve(f"command:{sys.executable} {{host}}")


def test_a_password_that_cannot_be_had_is_of_its_host_alone() -> None:
    code = "import sys; print(1); sys.exit(3 if sys.argv[1] == 'h1' else 0)"
    hosts = [
        host(f"h{n}", reference=f'command:{sys.executable} -c "{code}" {{host}}') for n in (1, 2)
    ]
    secrets = Secrets(hosts=hosts)
    assert [(one.name, it.get_secret_value()) for one, it in secrets.look_up(hosts)] == [
        ("h2", "1")
    ]
    with pytest.raises(SecretError, match="exit code 3"):
        secrets(hosts[0])


def test_what_all_hosts_share_is_told_once() -> None:
    hosts = [host(f"h{n}", reference="command:/nowhere/program") for n in range(3)]
    with pytest.raises(SecretError, match="program /nowhere/program does not start"):
        Secrets(hosts=hosts).look_up(hosts)


def test_after_many_that_cannot_be_had_no_further_program_is_started() -> None:
    hosts = [host(f"h{n}", reference="command:/nowhere/program {host}") for n in range(200)]
    with pytest.raises(SecretError, match=r"none of 32 .*; h31: .* does not start"):
        Secrets(hosts=hosts).look_up(hosts)


def test_one_account_is_asked_for_once_however_it_is_written() -> None:
    asked: list[str] = []
    hosts = [host(f"h{n}", user=("CONTOSO\\Ada", "contoso\\ada")[n % 2]) for n in range(6)]
    Secrets(lambda text: asked.append(text) or "x", hosts).look_up(hosts)
    [question] = asked
    assert question.startswith("Password of CONTOSO\\Ada for h0 at ")
    assert question.endswith(" and 3 more: ")


def test_the_keyring_is_asked_by_service_and_user(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ring:
        @staticmethod
        def get_password(service: str, user: str) -> str | None:
            if service == "broken":
                raise RuntimeError(CANARY)
            return {("fleet", "ada"): CANARY, ("fleet", "bob"): "other"}.get((service, user))

    monkeypatch.setitem(sys.modules, "keyring", Ring)
    secrets = Secrets()
    for user, password in (("ada", CANARY), ("bob", "other")):
        assert (
            secrets(host("h", reference="keyring:fleet", user=user)).get_secret_value() == password
        )
    with pytest.raises(SecretError, match=r"no password of eve for fleet: .*keyring set fleet eve"):
        secrets(host("h", reference="keyring:fleet", user="eve"))
    with pytest.raises(SecretError, match="cannot be asked: RuntimeError") as caught:
        secrets(host("h", reference="keyring:broken", user="ada"))
    assert CANARY not in str(caught.value)
    with pytest.raises(SecretError, match="none is given"):
        resolve("keyring:fleet")
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SecretError, match="pip install"):
        resolve("keyring:fleet", host=host("h", user="ada"))
