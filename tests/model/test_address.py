"""Where a host is: what one types is understood, or refused in one sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediate.model.address import check_address, parse_port, split_target


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
        ("https://srv:5986/wsman", "write the name of the host alone, and no URL"),
    ],
)
def test_an_address_is_no_target(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        check_address(text)
    assert says in str(caught.value)


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


@given(st.text(max_size=40))
def test_no_text_ends_in_anything_but_a_target_or_a_value_error(text: str) -> None:
    try:
        address, port = split_target(text)
    except ValueError:
        return
    assert address
    assert port is None or 1 <= port <= 65535
