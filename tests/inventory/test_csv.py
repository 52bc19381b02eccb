"""A table is understood exactly, or refused with the line and the column that are wrong."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediate.inventory.csv import read_csv
from remediate.inventory.opening import open_inventory
from remediate.inventory.protocol import Inventory, InventoryError, Trust
from remediate.inventory.settings import Settings

Read = Callable[[str], Inventory]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    settings = Settings(tmp_path, Trust())
    return lambda text: read_csv("hosts.csv", text.encode(), settings)


def mistakes_of(text: str, read: Read) -> Sequence[str]:
    with pytest.raises(InventoryError) as caught:
        read(text)
    return caught.value.mistakes


@pytest.mark.parametrize(
    "text",
    [
        "name,user\nSRV,a b\n",
        "name;user\r\nSRV;a b\r\n",
        "name\tuser\rSRV\ta b",
        "sep=;\nname;user\nSRV;a b",
        '"sep=;"\nname;user\nSRV;a b',
        '\ufeffName,USER,\n\nSRV,"a b",,\n,,\n',
    ],
)
def test_a_table_is_one_however_a_spreadsheet_writes_it(text: str, read: Read) -> None:
    [entry] = read(text).entries()
    assert (entry.name, entry.address, entry.connection.said()) == ("SRV", "SRV", {"user": "a b"})


def test_a_file_of_another_program_is_read_by_its_mark(tmp_path: Path) -> None:
    (tmp_path / "Hosts.CSV").write_text("name,user\nSRV,Jürgen\n", encoding="utf-16")
    [entry] = open_inventory(tmp_path / "Hosts.CSV").entries()
    assert entry.connection.user == "Jürgen"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "1:1: the first line names the columns"),
        ("user\nada", "1:1: the first line names the columns"),
        ("name", "1:1: the inventory has no hosts below this line"),
        ("name,user\n,,", "1:1: the inventory has no hosts below this line"),
        ("name,user;port\nA", "1:1: several characters may separate these columns"),
        ("name,prot\nA,1", "1:6: there is no column 'prot': did you mean port?"),
        ("name,,port\nA,Hunter2-9z,1", "2:3: this stands in a column without a name"),
        ("name,port,Port\nA,1,2", "1:11: the column port stands here for the second time"),
        ("name,port\nA,010", "2:3: A: the port must be a number from 1 to 65535"),
        ('name,port\n"A","on"', "2:5: A: the port must be a number from 1 to 65535"),
        ("name,port\n,1", "2:1: this line names no host"),
        ("name,port\nA,1\nB,1\nA,2", "4:1: 'A' stands here for the second time, after line 2"),
        ("name\na b", "2:1: 'a b' is not a host name or an IP address; or write an address"),
        ("name,address\nA,b c", "2:3: A: 'b c' is not a host name"),
        ("name\nA,Hunter2-9z", "2:3: this stands in a column without a name"),
        ('name,user\nA,"b', "2:3: a cell in quotes ends on its line"),
        ('name,user\nA,"b"c', "2:3: a cell in quotes ends on its line"),
        ("name,groups\nA,web||dmz", "2:3: A: the name of a group is empty"),
        ("name,auth\nA,Hunter2-9z", "2:3: A: auth is none of those that there are"),
        ("name,tls\nA,Hunter2-9z", "2:3: A: tls is true or false, and nothing else"),
        ("name,password\nA,Hunter2-9z", "2:3: A: a password is given by reference"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, says: str, read: Read) -> None:
    [mistake] = mistakes_of(text, read)
    assert mistake.startswith(f"hosts.csv:{says}")
    assert "Hunter2" not in mistake


def test_a_column_may_be_a_parameter_of_a_playbook(read: Read) -> None:
    [first, second] = read("name,disk-space.floor\nA,5GB\nB,\n").entries()
    [(param, where)] = first.params()
    assert (param.playbook, param.name, param.value, where) == (
        "disk-space",
        "floor",
        "5GB",
        "host",
    )
    assert param.at == "hosts.csv:2:3"
    assert list(second.params()) == []


def test_all_mistakes_are_told_at_once(read: Read) -> None:
    text = 'name,prot,port\nA,x,on\n,,1\n"B,,\nC,,010\nC,,011\n'
    places = [mistake.split(": ")[0] for mistake in mistakes_of(text, read)]
    wrong = ("1:6", "2:5", "3:1", "4:1", "5:4", "6:1", "6:4")
    assert places == [f"hosts.csv:{place}" for place in wrong]


@given(
    rows=st.lists(
        st.tuples(st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.text(max_size=9)),
        min_size=1,
        unique_by=lambda row: row[0],
    ),
    separator=st.sampled_from(",;\t"),
)
def test_any_user_is_what_was_written_or_is_refused(
    rows: list[tuple[str, str]], separator: str
) -> None:
    lines = [f'{name}{separator}"{user.replace(chr(34), chr(34) * 2)}"' for name, user in rows]
    text = "\n".join([f"name{separator}user", *lines])
    try:
        data = text.encode()
        entries = read_csv("hosts.csv", data, Settings(Path(), Trust())).entries()
    except (InventoryError, UnicodeEncodeError):
        return
    assert [(one.name, one.connection.user) for one in entries] == [
        (name, user or None) for name, user in rows
    ]
