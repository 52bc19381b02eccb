"""The certificate of a host, from where it is shown to where it is trusted."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remediate.cli.commands.hosts import check, pin
from remediate.lab.hosts import make_state
from remediate.lab.lab import Lab
from remediate.lab.server.tls import Tls
from tests.cli.conftest import Result

Cli = Callable[..., Result]


def test_what_is_shown_goes_into_an_inventory_as_it_stands(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Lab([make_state()], tls=Tls.SELF_SIGNED) as lab:
        host = lab.hosts[0]
        shown = cli("hosts", "pin", "--host", f"{host.address}:{host.port}")
        assert (shown.code, host.requests) == (0, 0)
        assert "# CN=SRV01, issued by CN=SRV01, valid from " in shown.out
        assert "key RSA 2048; for SRV01" in shown.out
        assert list(tmp_path.iterdir()) == []
        (tmp_path / "prod.yaml").write_text(shown.out)
        monkeypatch.setenv("REMEDIATE_PASSWORD", host.password)
        how = ["--user", host.user, "--auth", "basic"]
        assert cli("audit", "-i", "prod.yaml", *how).code in {0, 2}
        again = cli("hosts", "pin", "-i", "prod.yaml")
        assert again.out == shown.out


@pytest.mark.slow  # it waits for an answer by TLS
def test_a_host_that_cannot_be_looked_at_is_said_beside_those_that_can(cli: Cli) -> None:
    with Lab([make_state()], tls=Tls.VALID) as lab, Lab([make_state()]) as plain:
        host, other = lab.hosts[0], plain.hosts[0]
        hosts = [f"--host={each.address}:{each.port}" for each in (other, host)]
        result = cli("hosts", "pin", *hosts)
        assert result.code == 5
        assert result.out.count("tls_pin: ") == 1
        assert f"Error: {other.address}:{other.port} " in result.err
        assert "Give the port on which it speaks TLS with --port (5986)" in result.err


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit on Windows")
@pytest.mark.parametrize("verb", ["pin", "check"])
def test_many_hosts_are_looked_at_with_as_many_open_files_as_that_takes(
    cli: Cli, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    monkeypatch.setenv("REMEDIATE_PASSWORD", "x")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        user = ["--user", "u"] if verb == "check" else []
        assert cli("hosts", verb, "--host", "127.0.0.1:1", *user).code == 5
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 256
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


PIN = "sha256:" + 32 * "0f"


@pytest.mark.parametrize(
    ("pin", "says"),
    [
        ("md5:" + 16 * "0f", "a pin is sha256: and the 64 hexadecimal digits"),
        (PIN[:-1], "a pin is sha256: and the 64 hexadecimal digits"),
        (20 * "0F", "a thumbprint as Windows shows it (SHA-1), which can be forged"),
        ("", "a pin is sha256:"),
    ],
)
@pytest.mark.usefixtures("unsent")
def test_what_is_no_pin_is_told_what_a_pin_is(
    pin: str, says: str, cli: Cli, tmp_path: Path, unsent: Any
) -> None:
    cli("audit", "--host", "A", "--tls-pin", pin, transport=unsent).explains(64, says)
    (tmp_path / "prod.yaml").write_text(f"hosts: {{A: {{tls: true, tls_pin: '{pin}'}}}}")
    result = cli("audit", "-i", "prod.yaml", "--user", "u", transport=unsent)
    assert result.code == 64
    assert "prod.yaml:1:" in result.err
    assert says in result.err or not pin


def test_colons_and_capitals_do_not_matter(cli: Cli, unsent: Any) -> None:
    said = "SHA256:" + ":".join(32 * ["0F"])
    result = cli("audit", "--host=A", "--user=u", "--tls-pin", said, transport=unsent)
    result.explains(64, "a pin is given for A, which is spoken to without TLS: use --tls")


def test_a_pin_and_an_authority_in_one_place_contradict_each_other(
    cli: Cli, tmp_path: Path, unsent: Any
) -> None:
    (tmp_path / "ca.pem").touch()
    how = ["--host=A", "--user=u", "--tls", "--ca-file=ca.pem", "--tls-pin", PIN]
    cli("audit", *how, transport=unsent).explains(64, "a pin needs no authority")


def test_a_command_line_for_hosts_check_also_shows_pins(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    with Lab([make_state()], tls=Tls.SELF_SIGNED) as lab:
        host = lab.hosts[0]
        way = ["--tls", "--ca-file=ca.pem", "--transport=winrs", "--kerberos-host=srv01.contoso"]
        logon = ["--user=ada", "--auth=basic", "--password-from=file:is-not-there", "--insecure"]
        words = [f"--host={host.address}", f"--port={host.port}", *way, *logon]
        shown = cli("hosts", "pin", *words)
        assert (shown.code, host.requests) == (0, 0), shown.err
    cli("hosts", "pin", *words, "--no-tls").explains(64, "a certificate is shown in TLS only")


def test_pins_are_shown_with_the_options_of_the_other_commands_on_hosts() -> None:
    found, of_a_result = ({one.name for one in each.params} for each in (pin, check))
    assert of_a_result - found == {"form", "reports"}
