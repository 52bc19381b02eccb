"""An inventory is understood exactly, or refused with the place that is wrong."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from remediate.inventory.opening import open_inventory
from remediate.inventory.protocol import Inventory, InventoryError, InventoryHost
from remediate.model.connection import Auth

QUOTE = "'"


def quoted(text: str) -> str:
    return f"'{text.replace(QUOTE, QUOTE * 2)}'"


def unquoted(text: str) -> str:
    return text[1:-1].replace(QUOTE * 2, QUOTE) if text.startswith(QUOTE) else text


WHOLE = r"""
defaults: {user: 'CONTOSO\svc', password: env:REMEDIATE_PASSWORD, auth: ntlm}
hosts:
  SRV01:
  SRV02: {address: 10.0.0.5, port: 5986, tls: true, ca_file: ca.pem, user: own}
  SRV03: {address: '::1', password: file:pw}
groups:
  backup: {hosts: [SRV01, SRV02], auth: negotiate, user: group}
  later: {hosts: [SRV01], auth: basic}
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Inventory]:
    def parse(text: str) -> Inventory:
        path = tmp_path / "hosts.yaml"
        path.write_text(text, encoding="utf-8")
        return open_inventory(path)

    return parse


@pytest.fixture
def entries(read: Callable[[str], Inventory]) -> dict[str, InventoryHost]:
    return {entry.name: entry for entry in read(WHOLE).entries()}


def test_the_order_is_that_of_the_file(entries: dict[str, InventoryHost]) -> None:
    assert list(entries) == ["SRV01", "SRV02", "SRV03"]


def test_a_host_is_its_own_address_unless_it_says_another(
    entries: dict[str, InventoryHost],
) -> None:
    assert [entry.address for entry in entries.values()] == ["SRV01", "10.0.0.5", "::1"]


def test_a_host_counts_more_than_its_groups_and_they_more_than_the_defaults(
    entries: dict[str, InventoryHost],
) -> None:
    assert entries["SRV02"].connection.user == "own"
    assert entries["SRV01"].connection.user == "group"
    assert entries["SRV03"].connection.user == r"CONTOSO\svc"
    assert entries["SRV01"].connection.auth is Auth.NEGOTIATE, "the first group counts"
    assert entries["SRV03"].connection.auth is Auth.NTLM


def test_files_are_looked_for_beside_the_inventory(
    entries: dict[str, InventoryHost], tmp_path: Path
) -> None:
    assert entries["SRV02"].connection.ca_file == tmp_path / "ca.pem"
    assert entries["SRV03"].connection.password == f"file:{tmp_path / 'pw'}"


def test_groups_are_known(
    read: Callable[[str], Inventory], entries: dict[str, InventoryHost]
) -> None:
    assert read(WHOLE).groups() == {"backup": ("SRV01", "SRV02"), "later": ("SRV01",)}
    assert entries["SRV01"].groups == ("backup", "later")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "1:1: the inventory has no hosts; write them under `hosts:`"),
        ("hosts:", "1:1: the inventory has no hosts"),
        ("hosts: {}", "1:1: the inventory has no hosts"),
        ("[1]", "1:1: the file: write the hosts under `hosts:`"),
        ("host: {A: }", "1:1: there is no section 'host': write hosts, groups or defaults"),
        ("hosts: [A, B]", "1:8: hosts: write each as `NAME:`, on a line of its own"),
        ("hosts: {A: 10.0.0.5}", "1:12: A: write what it says as `{address: …, port: …}`"),
        ("hosts: {A: {prot: 5985}}", "1:13: A: there is no setting 'prot'; did you mean port?"),
        ("hosts: {A: {hosts: [B]}}", "1:13: A: there is no setting 'hosts'"),
        ("hosts: {A: {port: 70000}}", "1:19: A: the port must be a number from 1 to 65535"),
        ("hosts: {A: {port: [1]}}", "1:19: A: port is one text, not a list or mapping"),
        ("hosts: {A: {user: }}", "1:13: A: user has no value: leave it out"),
        ("hosts: {A: {user: null}}", "1:13: A: user is null, which is nothing in YAML: leave it"),
        ("hosts: {A: {user: ''}}", "1:19: A: the user is empty"),
        ("hosts: {A: {user: ' ada'}}", "1:19: A: the user ' ada' begins or ends with a blank"),
        (
            "hosts: {A: {auth: digest}}",
            "1:19: A: auth is none of those that there are: write basic, certificate, kerberos, ",
        ),
        (
            "hosts: {A: {kerberos_host: 10.0.0.5}}",
            "1:28: A: a domain knows hosts by name, not by address: 10.0.0.5 is no name",
        ),
        ("hosts: {'a b':}", "1:9: 'a b' is not a host name or an IP address; or write an"),
        ("hosts: {A: {address: a b}}", "1:22: A: 'a b' is not a host name"),
        ("hosts: {'[::1]': }", "1:9: '[::1]': write ::1, without brackets"),
        (
            "hosts: {A: {address: '10.0.0.5:5986'}}",
            "1:22: A: '10.0.0.5:5986': write 10.0.0.5; the port is a setting of its own",
        ),
        ("hosts: {A: {address: fe80::1%eth0}}", "1:22: A: 'fe80::1%eth0' names a zone of this"),
        ("hosts: {1: {}}", "1:9: '1' is not a valid IP address, and a number is not a host name"),
        ("hosts: {A: {ca_file: ~nobody-here/ca.pem}}", "1:22: A: this machine knows no home"),
        ("hosts: {A: }\ngroups: {g: [A]}", "2:13: group g: write `{hosts: [A, B]}`"),
        ("hosts: {A: }\ngroups: {g: {hosts: A}}", "2:21: group g: write its hosts as a list"),
        ("hosts: {A: }\ngroups: {g: {hosts: [B]}}", "2:22: group g: 'B' is not among the hosts"),
        ("hosts: {A: }\ngroups: {g: {hosts: [A, A]}}", "2:25: group g: 'A' stands in it twice"),
        ("hosts: {A: }\ngroups: {g: {hosts: [[A]]}}", "2:22: group g: its hosts are names"),
        ("hosts: {A: }\ngroups: {'': {}}", "2:10: the name of a group is empty"),
        ("hosts: {A: }\ndefaults: [1]", "2:11: defaults: write `SETTING: VALUE` below it"),
        ("hosts: {A: }\ndefaults: {address: B}", "2:12: defaults: there is no setting 'address'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    text: str, says: str, read: Callable[[str], Inventory]
) -> None:
    (mistake,) = mistakes_of(text, read)
    assert f"hosts.yaml:{says}" in mistake
    assert "\n" not in mistake


def mistakes_of(text: str, read: Callable[[str], Inventory]) -> Sequence[str]:
    with pytest.raises(InventoryError) as caught:
        read(text)
    return caught.value.mistakes


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(
    read: Callable[[str], Inventory],
) -> None:
    text = (
        "groups: {g: {hosts: [X]}}\n"
        "hosts:\n  A: {port: on, tls: yes}\n  B: {prot: 1}\n"
        "defaults: {auth: none}\n"
    )
    places = [mistake.partition("hosts.yaml:")[2][:4] for mistake in mistakes_of(text, read)]
    assert places == ["1:22", "3:13", "3:22", "4:7:", "5:18"]


def test_a_name_that_stands_there_twice_hides_no_other_mistake(
    read: Callable[[str], Inventory],
) -> None:
    text = (
        "hosts:\n  A: {address: 1.2.3.4, prot: 5}\n  B: {port: 99999}\n  A: {prot: 6}\n"
        "groups: {g: {hosts: [A, C], user: u, user: ''}}\n"
        "hosts: {C: {tls: maybe}}\n"
    )
    places = [mistake.partition("hosts.yaml:")[2] for mistake in mistakes_of(text, read)]
    assert [place[:4] for place in places] == [
        "2:25",
        "3:13",
        "4:3:",
        "4:7:",
        "5:38",
        "5:44",
        "6:1:",
        "6:18",
    ]
    assert places[2] == "4:3: 'A' stands here for the second time, after line 2"


@pytest.mark.parametrize("name", ["NO", "on", "2026-11-28", "null", "1e3", "~x", "0o17", "y"])
def test_a_name_is_the_text_that_stands_there(name: str, read: Callable[[str], Inventory]) -> None:
    text = f"hosts: {{{name}: {{address: SRV, user: '{name}'}}}}\n"
    text += f"groups: {{{name}: {{hosts: [{name}]}}}}"
    (entry,) = read(text).entries()
    assert (entry.name, entry.connection.user, entry.groups) == (name, name, (name,))


@pytest.mark.parametrize("name", ["22:30", "0x1F", "010", "1_000", ".5", "12:30:45"])
def test_a_name_that_is_no_address_has_one_beside_it(
    name: str, read: Callable[[str], Inventory]
) -> None:
    (entry,) = read(f"hosts: {{{name}: {{address: SRV, user: {name}}}}}").entries()
    assert (entry.name, entry.address, entry.connection.user) == (name, "SRV", name)
    if name != "1_000":
        (mistake,) = mistakes_of(f"hosts:\n  {name}:\n", read)
        assert "hosts.yaml:2:3: " in mistake
        assert name in mistake


@pytest.mark.parametrize(
    "port",
    ["on", "010", "99:45", "5985.0", "5_986", "0x1762", "+5986", "1e3", "0", "9" * 5000, "٥٩"],
)
@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_a_port_is_decimal_digits_and_nothing_else(
    port: str, quote: str, read: Callable[[str], Inventory]
) -> None:
    (mistake,) = mistakes_of(f"hosts:\n  A: {{port: {quote}{port}{quote}}}\n", read)
    assert "hosts.yaml:2:13: A: the port must be a number from 1 to 65535" in mistake
    assert f"not '{port[:60]}" in mistake
    assert len(mistake) < 300


@pytest.mark.parametrize("value", ["Hunter2-9z", "*Hunter2-9z", "!Hunter2-9z", "'x; Hunter2-9z'"])
@pytest.mark.parametrize("setting", ["port", "password", "auth", "tls", "insecure"])
def test_a_password_in_the_wrong_place_is_not_repeated(
    setting: str, value: str, read: Callable[[str], Inventory]
) -> None:
    (mistake,) = mistakes_of(f"hosts:\n  A: {{{setting}: {value}}}\n", read)
    assert "hosts.yaml:2:" in mistake
    assert "Hunter2" not in mistake


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "1", "0", "1.0", "t", "tRUE"])
def test_only_true_and_false_say_yes_and_no(word: str, read: Callable[[str], Inventory]) -> None:
    (mistake,) = mistakes_of(f"hosts: {{A: {{tls: {word}}}}}", read)
    assert "1:18: A: tls is true or false, and nothing else" in mistake
    assert f"'{word}'" not in mistake


def test_quotes_make_no_difference(read: Callable[[str], Inventory]) -> None:
    (entry,) = read("""hosts: {"A": {'port': "5986", tls: 'True', "user": '007'}}""").entries()
    assert entry.connection.said() == {"port": 5986, "tls": True, "user": "007"}


@pytest.mark.parametrize(
    ("written", "named", "advice"),
    [
        (r'"CONTOSO\administrator"', "U+0007", "without quotes or in single quotes"),
        (r'"CONTOSO\backup"', "U+0008", "without quotes or in single quotes"),
        (r'"CONTOSO\neil"', "U+000A", "without quotes or in single quotes"),
        (r'"CONTOSO\eva"', "U+001B", "without quotes or in single quotes"),
        (r'"CONTOSO\_svc"', "U+00A0", "without quotes or in single quotes"),
        (r'"CONTOSO\Natalie"', "U+0085", "without quotes or in single quotes"),
        ("|\n  ada\n", "U+000A", "write it on one line"),
        ("ad\u200ba", "U+200B", "a character that cannot be seen"),
        ("'ad\u202ea'", "U+202E", "a character that cannot be seen"),
    ],
)
@pytest.mark.parametrize("what", ["user", "address", "ca_file", "password", "name", "group"])
def test_a_character_that_nobody_sees_is_refused_wherever_it_stands(
    what: str, written: str, named: str, advice: str, read: Callable[[str], Inventory]
) -> None:
    written = written.replace("\n ", "\n    ")
    text = {
        "name": f"hosts:\n ? {written}\n : {{address: A}}",
        "group": f"hosts:\n A:\ngroups:\n ? {written}\n : {{hosts: [A]}}",
        "password": f"hosts:\n A:\ndefaults:\n password: {written}".replace("CONTOSO", "env:"),
    }.get(what, f"hosts:\n A:\n  {what}: {written}")
    (mistake,) = mistakes_of(text, read)
    assert mistake.isprintable()
    if what == "address":
        assert "is not a host name" in mistake
    elif what == "password" and not written.startswith('"'):
        assert "given by reference" in mistake
    else:
        assert named in mistake
        assert advice in mistake


def test_a_backslash_that_yaml_does_not_know_is_explained(
    read: Callable[[str], Inventory],
) -> None:
    (mistake,) = mistakes_of('hosts:\n  A: {user: "CONTOSO\\svc"}', read)
    assert "hosts.yaml:2:" in mistake
    assert "without quotes, or in single quotes" in mistake


def test_a_host_may_say_what_another_says(read: Callable[[str], Inventory]) -> None:
    text = """
hosts:
  A: &web {address: a.contoso.com, port: 5986, tls: true}
  B: {<<: *web, address: b.contoso.com}
  C: {<<: [{port: 443}, *web], address: c.contoso.com}
"""
    entries = read(text).entries()
    assert [entry.address for entry in entries] == [f"{n}.contoso.com" for n in "abc"]
    assert [entry.connection.port for entry in entries] == [5986, 5986, 443]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_a_file_is_read_by_its_mark(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "hosts.yaml"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    path.write_bytes(f"{mark}hosts:\r\n  A: {{user: Jürgen}}\r\n".encode(encoding))
    (entry,) = open_inventory(path).entries()
    assert entry.connection.user == "Jürgen"


def test_a_password_in_the_file_is_refused_and_not_repeated(
    read: Callable[[str], Inventory],
) -> None:
    for password in ("hunter2-secret", "hunter2:secret", '"env:hunter2\\n"', "'env:'"):
        (mistake,) = mistakes_of(f"hosts: {{A: {{password: {password}}}}}", read)
        assert "hosts.yaml:1:23: A: " in mistake
        assert "hunter2" not in mistake


def test_an_account_before_a_host_is_refused_and_not_repeated(
    read: Callable[[str], Inventory],
) -> None:
    (mistake,) = mistakes_of("hosts: {'ada:hunter2@srv': }", read)
    assert "a host name has no @" in mistake
    assert "hunter2" not in mistake


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"nowhere\.yaml cannot be read: No such file"):
        open_inventory(tmp_path / "nowhere.yaml")
    with pytest.raises(InventoryError, match=r"cannot be read: it is a folder"):
        open_inventory(tmp_path)


SEEN_OR_NOT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1)
PLAIN = st.from_regex(r"[A-Za-z0-9_.][A-Za-z0-9_.:\\]*(?<!:)", fullmatch=True)
NUMBERS = st.integers(-9, 99999).map(str)


@given(
    name=SEEN_OR_NOT.map(quoted) | PLAIN,
    user=SEEN_OR_NOT.map(quoted) | PLAIN,
    port=SEEN_OR_NOT.map(quoted) | PLAIN | NUMBERS,
)
@example(name="NO", user=r"CONTOSO\administrator", port="5985")
@example(name="22:30", user="00123", port="010")
@example(name="x", user="null", port="on")
def test_any_name_user_and_port_is_what_was_written_or_is_refused_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, name: str, user: str, port: str
) -> None:
    """A person writes them in single quotes, or as they are where YAML has them so."""
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    lines = ["hosts:", f"  ? {name}", "  :", "    address: SRV"]
    path.write_text("\n".join([*lines, f"    user: {user}", f"    port: {port}"]), encoding="utf-8")
    mistakes: Sequence[str] = ()
    entries: Sequence[InventoryHost] = ()
    try:
        entries = open_inventory(path).entries()
    except InventoryError as error:
        mistakes = error.mistakes
    lines_named = {int(text.removeprefix(f"{path}:").partition(":")[0]) for text in mistakes}
    assert lines_named <= {2, 5, 6}
    assert "".join(mistakes).isprintable()
    assert bool(entries) is not bool(mistakes)
    for entry in entries:
        written = (entry.name, entry.connection.user, str(entry.connection.port))
        assert written == tuple(unquoted(text) for text in (name, user, port))
        assert "".join(written[:2]).isprintable()
