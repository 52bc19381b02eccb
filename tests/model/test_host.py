"""A host is reached as it is described, and shows a password to nobody else; or it is refused."""

from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from remediate.model.address import check_address
from remediate.model.connection import Auth
from remediate.model.host import Host


@given(st.text(max_size=40))
def test_an_accepted_address_is_the_one_that_the_url_names(text: str) -> None:
    try:
        address = check_address(text)
    except ValueError:
        return
    host = Host(name="h", address=address, port=5985)
    parts = urlsplit(requests.Request("POST", host.url).prepare().url)
    assert (parts.hostname, parts.port) == (address.lower(), 5985)


@pytest.mark.parametrize("what", ["name", "user"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "CONTOSO\x07dministrator",
            "'CONTOSO<U+0007>dministrator' has a control character (U+0007)",
        ),
        ("a\u202eb", "has a character that cannot be seen (U+202E)"),
        ("a\u00a0b", "has a character that cannot be seen (U+00A0)"),
        (" a", "begins or ends with a blank"),
        ("a" * 1025, "is longer than 1024 characters"),
    ],
)
def test_a_name_and_an_account_can_be_seen(what: str, text: str, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Host.model_validate({"name": "h", "address": "h", "port": 1, what: text})
    (error,) = caught.value.errors()
    assert f"the {what} " in error["msg"]
    assert says in error["msg"]


@pytest.mark.parametrize(
    "name", ["NO", "22:30", r"CONTOSO\administrator", "Jürgen Öz", "관리자", "00123"]
)
def test_a_name_and_an_account_may_be_any_text_that_can_be_seen(name: str) -> None:
    host = Host(name=name, address="h", port=1, user=name)
    assert (host.name, host.user) == (name, name)


def test_a_name_and_an_account_are_not_empty() -> None:
    with pytest.raises(ValidationError, match="at least 1 character"):
        Host(name="", address="h", port=1)
    with pytest.raises(ValidationError, match="the user is empty"):
        Host(name="h", address="h", port=1, user="")


def test_basic_cannot_carry_a_user_with_a_colon() -> None:
    """What follows it would be taken for the beginning of the password."""
    with pytest.raises(ValidationError, match="the user of h has a colon"):
        Host(name="h", address="::1", port=1, auth=Auth.BASIC, user="a:b")
    assert Host(name="h", address="::1", port=1, auth=Auth.NTLM, user="a:b").user == "a:b"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_basic_over_http_is_for_loopback(address: str) -> None:
    host = Host(name="h", address=address, port=5985, auth=Auth.BASIC)
    assert host.loopback


@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.CERTIFICATE])
def test_basic_over_http_to_anywhere_else_is_refused(auth: Auth) -> None:
    with pytest.raises(ValidationError, match="use --tls"):
        Host(name="h", address="10.0.0.7", port=5985, auth=auth)
    assert Host(name="h", address="10.0.0.7", port=5986, tls=True, auth=auth).tls
    assert Host(name="h", address="10.0.0.7", port=5985, auth=auth, insecure=True).insecure


def test_an_ipv6_address_is_bracketed_in_the_url() -> None:
    assert Host(name="h", address="::1", port=5985).url == "http://[::1]:5985/wsman"


def test_a_proxy_is_for_tls() -> None:
    with pytest.raises(ValidationError, match="without TLS: a logon does not pass a proxy"):
        Host(name="h", address="h", port=5985, proxy="p:1")
