"""How a host is reached: what is said of that is understood or refused; what is nearer counts."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from remediate.model.connection import Connection


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
