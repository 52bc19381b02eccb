"""Where a host is: what one types is understood, or refused in one sentence."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from remediate.model.address import check_address, parse_port, split_target
from remediate.model.host import Auth, Connection, Host


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
        "srv..",
        ".",
        "0x1F",
        "0x7f.1",
        "010.0.0.1",
        "00123",
        "srv:05985",
        "srv:5_985",
        "srv:+1",
        "srv:" + "9" * 5000,
        "srv:\u0665",
        "[fe80::1%eth0]:5985",
        "[fe80::1%4]:5985",
        "fe80::1%eth0",
        "fe80::1%25eth0",
        "ada:hunter2@srv",
        "ada@srv:5985",
    ],
)
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        split_target(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[fe80::1%eth0]:5985", "'fe80::1%eth0' names a zone of this machine"),
        ("fe80::1%4", "names a zone of this machine"),
        ("0x1F", "'0x1F' is not a valid IP address, and a number is not a host name"),
        ("srv:010", "'srv:010': the port must be a number from 1 to 65535, in digits without"),
        ("sr\x07v", "'sr<U+0007>v' is not a host name"),
        ("ada:hunter2@srv", "a host name has no @"),
    ],
)
def test_what_is_wrong_with_a_target_is_said_in_words(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        split_target(text)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[::1]", "'[::1]': write ::1, without brackets"),
        ("[::1]:5985", "write ::1, without brackets; the port is a setting of its own"),
        ("10.0.0.5:5986", "'10.0.0.5:5986': write 10.0.0.5; the port is a setting of its own"),
        ("srv:5986", "write srv; the port is a setting of its own"),
    ],
)
def test_an_address_is_no_target(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        check_address(text)
    assert says in str(caught.value)


@given(st.text(max_size=40))
def test_an_accepted_address_is_the_one_that_the_url_names(text: str) -> None:
    try:
        address = check_address(text)
    except ValueError:
        return
    host = Host(name="h", address=address, port=5985)
    parts = urlsplit(requests.Request("POST", host.url).prepare().url)
    assert (parts.hostname, parts.port) == (address.lower(), 5985)


@given(st.text(max_size=8) | st.integers(-9, 99999).map(str))
def test_a_port_is_what_was_written(text: str) -> None:
    try:
        port = parse_port(text)
    except ValueError as error:
        said = str(error)
    else:
        said = ""
        assert (str(port), 1 <= port <= 65535) == (text, True)
    assert said.isprintable()


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


@pytest.mark.parametrize(
    ("text", "proxy"),
    [
        ("proxy.contoso.com:3128", "proxy.contoso.com:3128"),
        ("http://proxy:8080/", "proxy:8080"),
        ("[2001:db8::17]:3128", "[2001:db8::17]:3128"),
        ("HTTP://192.0.2.1:80", "192.0.2.1:80"),
    ],
)
def test_a_proxy_is_a_host_and_a_port(text: str, proxy: str) -> None:
    assert Connection(proxy=text).proxy == proxy


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("http://ada:hunter2@proxy:3128", "a proxy that wants a logon is not supported"),
        ("https://proxy:3128", "a proxy is spoken to without TLS"),
        ("socks5://proxy:1080", "a proxy is spoken to without TLS"),
        ("proxy", "has no port: give HOST:PORT"),
        ("proxy:3128/x", "the port must be a number"),
        ("2001:db8::17", "has no port"),
        ("http://", "give HOST:PORT"),
        ("", "has no port: give HOST:PORT"),
    ],
)
def test_what_is_no_proxy_is_refused_without_its_password(text: str, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Connection(proxy=text)
    message = caught.value.errors()[0]["msg"]
    assert says in message
    assert "hunter2" not in message


@pytest.mark.parametrize("text", ["", "a/b", "http://schemas.microsoft.com/powershell/x", "é"])
def test_an_endpoint_is_a_name(text: str) -> None:
    with pytest.raises(ValidationError, match="Get-PSSessionConfiguration"):
        Connection(configuration_name=text)


def test_a_proxy_is_for_tls() -> None:
    with pytest.raises(ValidationError, match="without TLS: a logon does not pass a proxy"):
        Host(name="h", address="h", port=5985, proxy="p:1")


@pytest.mark.parametrize(
    ("near", "far", "left"),
    [
        ({"password": "env:X"}, {"keytab": "/k"}, {"password": "env:X"}),
        ({"keytab": "/k"}, {"password": "env:X"}, {"keytab": Path("/k")}),
        ({}, {"keytab": "/k"}, {"keytab": Path("/k")}),
    ],
)
def test_a_password_and_a_keytab_are_one_choice_of_which_the_nearest_counts(
    near: dict[str, str], far: dict[str, str], left: dict[str, object]
) -> None:
    assert Connection(**near).over(Connection(**far)).said() == left
