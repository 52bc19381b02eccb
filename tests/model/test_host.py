"""Where a host is: what one types is understood, or refused in one sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from remediate.model.host import Auth, Host, split_target


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SRV01", ("SRV01", None)),
        ("srv01.contoso.com:5986", ("srv01.contoso.com", 5986)),
        ("10.0.0.7:80", ("10.0.0.7", 80)),
        ("::1", ("::1", None)),
        ("[::1]", ("::1", None)),
        ("[fe80::1]:5985", ("fe80::1", 5985)),
    ],
)
def test_a_target_is_split_into_address_and_port(
    text: str, expected: tuple[str, int | None]
) -> None:
    assert split_target(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "srv 01",
        "-srv",
        "srv:0",
        "srv:70000",
        "srv:port",
        "[::1",
        "[::1]x",
        "[srv]:1",
        "a:b:c",
        "300.1.1.1",
        "http://srv",
        "srv;rm",
        "a" * 64,
    ],
)
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        split_target(text)


@given(st.text(max_size=40))
def test_no_text_ends_in_anything_but_a_target_or_a_value_error(text: str) -> None:
    try:
        address, port = split_target(text)
    except ValueError:
        return
    assert address
    assert port is None or 1 <= port <= 65535


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
