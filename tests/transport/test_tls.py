"""What TLS means to a client of many hosts."""

from pathlib import Path

import pytest

from remediate.lab.server.tls import Tls, make_certificates
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.transport import tls
from remediate.transport.errors import WrongSettings
from remediate.transport.tls import CHECKS, Contexts


def test_hosts_share_what_they_trust_and_show_and_nothing_else(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    mine = make_certificates(one, ["127.0.0.1"], "ada", Tls.VALID)
    theirs = make_certificates(other, ["127.0.0.1"], "ada", Tls.VALID)
    host = Host(
        name="A", address="127.0.0.1", port=5986, user="ada", tls=True, ca_file=mine.ca_file
    )
    cert, key = mine.client_files
    shows = {"auth": Auth.CERTIFICATE, "cert_file": cert, "key_file": key}
    contexts = Contexts()
    first = contexts.of(host)
    assert first is not None
    assert first.verify_flags == CHECKS
    assert contexts.of(host.model_copy(update={"name": "B", "address": "127.0.0.2"})) is first
    apart = [
        contexts.of(host.model_copy(update=update))
        for update in (
            {"ca_file": theirs.ca_file},
            {"ca_file": None},
            shows,
            {"ca_file": None, "tls_pin": "sha256:" + 32 * "00"},
            {"ca_file": None, "tls_pin": "sha256:" + 32 * "01"},
        )
    ]
    assert len({id(context) for context in (first, *apart)}) == 6
    assert contexts.of(host.model_copy(update={"tls": False})) is None
    trusted = [cert["serialNumber"] for cert in first.get_ca_certs()]
    assert len(trusted) == 1
    assert apart[0] is not None
    assert [cert["serialNumber"] for cert in apart[0].get_ca_certs()] != trusted


def test_hosts_that_windows_or_macos_judge_do_not_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What truststore makes shakes hands with one at a time."""
    monkeypatch.setattr(tls, "_OWN_STORE", True)
    host = Host(name="A", address="a", port=5986, user="ada", tls=True)
    contexts = Contexts()
    assert contexts.of(host) is not contexts.of(host)


@pytest.mark.parametrize(
    ("content", "says"), [(None, "cannot be read: No such"), ("nothing", "holds no certificate")]
)
def test_a_file_of_the_environment_that_cannot_be_used_is_named(
    content: str | None, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    monkeypatch.setattr(tls, "_OWN_STORE", False)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    host = Host(name="A", address="a", port=5986, user="ada", tls=True)
    with pytest.raises(WrongSettings) as caught:
        Contexts().of(host)
    assert f"the file of SSL_CERT_FILE {file} {says}" in str(caught.value)
    assert "unset SSL_CERT_FILE" in caught.value.hint
    assert Contexts().of(host.model_copy(update={"tls_pin": "sha256:" + 32 * "00"})) is not None
