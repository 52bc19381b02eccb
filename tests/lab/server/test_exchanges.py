"""Unmodified clients are served, in as many requests as real Windows needs."""

import base64
import os
from collections.abc import Callable
from typing import Any

import pytest
import requests
import winrm
from pypsrp.complex_objects import ObjectMeta
from pypsrp.exceptions import AuthenticationError
from pypsrp.powershell import PowerShell, RunspacePool

from remediate.lab.host import Spec
from remediate.lab.hosts import make_state, make_states
from remediate.lab.server.auth import LabAccount
from remediate.lab.server.faults import Step
from remediate.lab.server.tls import Tls
from remediate.model.connection import Auth

Make = Callable[..., Any]
"""A fixture that makes something; see conftest."""


@pytest.mark.parametrize(
    ("tls", "options", "expected"),
    [
        (None, {"auth": "basic"}, 6),
        (None, {"auth": "ntlm"}, 9),
        (None, {"auth": "negotiate"}, 9),
        (Tls.VALID, {"auth": "basic"}, 6),
        (Tls.VALID, {"auth": "ntlm"}, 8),
        (Tls.VALID, {"auth": "negotiate"}, 8),
        (Tls.VALID, {"auth": "ntlm", "encryption": "always"}, 9),
    ],
)
def test_one_script_takes_as_many_requests_as_on_windows(
    make_lab: Make, run: Make, tls: Tls | None, options: dict[str, str], expected: int
) -> None:
    host = make_lab(tls=tls).hosts[0]
    (shell,) = run(host, "'hi'", **options)
    assert shell.output == ["hi"]
    assert expected == host.requests
    assert host.connections == 1
    assert not host.leaks()


def test_a_further_pipeline_takes_two_requests(make_lab: Make, run: Make) -> None:
    host = make_lab().hosts[0]
    run(host, "'hi'", "'hi'", "'hi'")
    assert host.requests == 10


def test_statements_in_one_pipeline_take_no_more(make_lab: Make, connect: Make) -> None:
    host = make_lab().hosts[0]
    with connect(host) as wsman, RunspacePool(wsman) as pool:
        shell = PowerShell(pool)
        for _ in range(3):
            shell.add_script("'hi'").add_statement()
        assert shell.invoke() == ["hi"] * 3
    assert host.requests == 6


def test_large_output_takes_one_more_request_for_each_360_kilobytes(
    make_lab: Make, run: Make
) -> None:
    lab = make_lab()
    host = lab.hosts[0]
    host.state.answers["'much'"] = ["x" * 1_000_000]
    (shell,) = run(host, "'much'")
    assert shell.output == ["x" * 1_000_000]
    assert host.counters[Step.RECEIVE] == 2 + 3


def test_a_script_that_is_not_known_fails_as_an_error_record(make_lab: Make, run: Make) -> None:
    (shell,) = run(make_lab().hosts[0], "Get-Everything")
    assert shell.had_errors
    assert "runs no scripts" in str(shell.streams.error[0])


def test_secure_strings_can_be_exchanged(make_lab: Make, connect: Make) -> None:
    host = make_lab().hosts[0]
    with connect(host) as wsman, RunspacePool(wsman) as pool:
        pool.exchange_keys()
        shell = (
            PowerShell(pool)
            .add_script("'hi'")
            .add_parameter("Secret", pool.serialize("s", ObjectMeta("SS")))
        )
        assert shell.invoke() == ["hi"]


@pytest.mark.parametrize("transport", ["plaintext", "ntlm"])
def test_pywinrm_runs_a_known_script_and_a_known_command(make_lab: Make, transport: str) -> None:
    host = make_lab().hosts[0]
    host.state.answers["hostname"] = ["SRV01"]
    session = winrm.Session(
        f"http://{host.address}:{host.port}/wsman",
        auth=(host.user, host.password),
        transport=transport,
        proxy=None,
        ca_trust_path=None,
    )
    script, line = session.run_ps("'hi'"), session.run_cmd("hostname")
    assert (script.status_code, script.std_out) == (0, b"hi\r\n")
    assert (line.status_code, line.std_out) == (0, b"SRV01\r\n")
    assert host.requests == (10 if transport == "plaintext" else 16)
    assert not host.leaks()


def test_pywinrm_sees_what_goes_wrong(make_lab: Make) -> None:
    host = make_lab().hosts[0]
    url = f"http://{host.address}:{host.port}/wsman"
    session = winrm.Session(url, auth=(host.user, host.password), proxy=None, ca_trust_path=None)
    unknown, long = session.run_ps("Get-Everything"), session.run_cmd("x" * 8192)
    assert unknown.status_code == long.status_code == 1
    assert b"runs no scripts" in unknown.std_err
    assert b"too long" in long.std_err


HI = base64.b64encode("'hi'".encode("utf-16-le")).decode()


@pytest.mark.parametrize(
    ("program", "options"),
    [
        ("powershell.exe", ["-NoProfile", "-Command", "'hi'"]),
        ("powershell", ["'hi'"]),
        ("powershell", ["-ec", HI]),
        ("powershell", ["-EncodedCommand", HI, "-NoLogo"]),
        (r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe", ["-enc", HI]),
    ],
)
def test_powershell_is_there_however_it_is_called(
    make_lab: Make, program: str, options: list[str]
) -> None:
    host = make_lab().hosts[0]
    url = f"http://{host.address}:{host.port}/wsman"
    session = winrm.Session(url, auth=(host.user, host.password), proxy=None, ca_trust_path=None)
    known = session.run_cmd(program, options)
    assert (known.status_code, known.std_out) == (0, b"hi\r\n")
    unknown = session.run_cmd(program, ["-NoProfile", "-Command", "Get-Everything"])
    assert (unknown.status_code, b"runs no scripts" in unknown.std_err) == (1, True)


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_a_wrong_password_is_refused_at_the_first_attempt(
    make_lab: Make, run: Make, auth: str
) -> None:
    host = make_lab().hosts[0]
    with pytest.raises(AuthenticationError):
        run(host, "'hi'", auth=auth, password="wrong")
    assert {Step.AUTH: 1 if auth == "basic" else 3} == host.counters


def test_a_password_with_a_colon_and_a_domain_work_with_ntlm(make_lab: Make, run: Make) -> None:
    host = make_lab(account=LabAccount(r"LAB\ada", "a:b:ü")).hosts[0]
    host.state.answers["1"] = ["1"]
    assert run(host, "1", auth="ntlm")[0].output == ["1"]


def test_a_method_that_is_not_offered_is_refused(make_lab: Make, run: Make) -> None:
    host = make_lab(allow={Auth.NTLM}).hosts[0]
    with pytest.raises(AuthenticationError):
        run(host, "'hi'", auth="basic")


def test_with_message_encryption_no_message_is_in_clear(make_lab: Make, run: Make) -> None:
    """The trace holds what came over the wire, so that a test can look for a secret there."""
    host = make_lab().hosts[0]
    run(host, "'canary'", auth="ntlm")
    seen = b"".join(exchange.wire for exchange in host.trace)
    assert b"Envelope" not in seen
    assert b"Envelope" in b"".join(exchange.message or b"" for exchange in host.trace)


def test_a_clear_message_is_refused_after_ntlm(make_lab: Make, run: Make) -> None:
    with pytest.raises(AuthenticationError):
        run(make_lab().hosts[0], "'hi'", auth="ntlm", encryption="never")


def test_a_client_certificate_stands_for_the_account(make_lab: Make, run: Make) -> None:
    state = make_state()
    state.answers["'hi'"] = ["hi"]
    hosts = [Spec(state), Spec(make_state("SRV02"), account=LabAccount("somebody", "x"))]
    ours, others = make_lab(hosts, tls=Tls.VALID, auth=Auth.CERTIFICATE).hosts
    certificate, key = ours.client_files
    files = {"certificate_pem": str(certificate), "certificate_key_pem": str(key)}
    assert run(ours, "'hi'", auth="certificate", **files)[0].output == ["hi"]
    assert ours.requests == 6
    with pytest.raises(AuthenticationError):
        run(others, "'hi'", auth="certificate", **files)
    assert ours.target().cert_file == certificate


def test_a_client_certificate_of_somebody_else_is_refused(make_lab: Make, run: Make) -> None:
    certificate, key = make_lab(tls=Tls.VALID).hosts[0].client_files
    host = make_lab(tls=Tls.VALID).hosts[0]
    files = {"certificate_pem": str(certificate), "certificate_key_pem": str(key)}
    with pytest.raises(requests.exceptions.ConnectionError):
        run(host, "'hi'", auth="certificate", **files)
    assert host.requests == 0


@pytest.mark.parametrize("kind", [Tls.EXPIRED, Tls.WRONG_NAME, Tls.UNKNOWN_AUTHORITY])
def test_a_bad_certificate_stops_clients_before_any_request(
    make_lab: Make, run: Make, kind: Tls
) -> None:
    host = make_lab(tls=kind).hosts[0]
    with pytest.raises(requests.exceptions.SSLError):
        run(host, "'hi'")
    assert host.requests == 0


@pytest.mark.parametrize("tls", [None, Tls.VALID])
def test_ipv6(make_lab: Make, run: Make, tls: Tls | None) -> None:
    state = make_state()
    state.answers["1"] = ["1"]
    host = make_lab([Spec(state, address="::1")], tls=tls).hosts[0]
    assert run(host, "1")[0].output == ["1"]
    assert host.target().url.startswith("http")


def test_many_hosts_are_told_apart(make_lab: Make, run: Make) -> None:
    states = make_states(20)
    for state in states:
        state.answers["name"] = [state.name]
    lab = make_lab([Spec(state, address=f"127.77.0.{n}") for n, state in enumerate(states, 1)])
    names = [run(host, "name")[0].output[0] for host in lab.hosts]
    assert [state.name for state in states] == names
    assert {6} == {host.requests for host in lab.hosts}


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1", "10.0.0.1"])  # noqa: S104 - refused, as the test shows
def test_only_loopback_is_listened_on(address: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        Spec(make_state(), address=address)


def test_a_target_has_references_instead_of_secrets(make_lab: Make) -> None:
    host = make_lab(tls=Tls.VALID).hosts[0]
    target = host.target()
    assert host.password not in target.model_dump_json()
    assert host.password_file().read_text() == host.password
    assert target.ca_file == host.ca_file


def test_nothing_is_left_of_a_lab(make_lab: Make, run: Make) -> None:
    before = os.environ.get("NTLM_USER_FILE")
    lab = make_lab(tls=Tls.VALID)
    run(lab.hosts[0], "'hi'", auth="ntlm")
    files = [lab.hosts[0].password_file(), lab.hosts[0].ca_file]
    lab.close()
    lab.close()
    assert not any(file.exists() for file in files)
    assert before == os.environ.get("NTLM_USER_FILE")
