"""Our own scripts on values that want to be something else: they stay values, to the character."""

import string
from collections.abc import Callable
from typing import Any

import pytest

from remediate.lab.kinds import records
from remediate.lab.kinds.scheduled_task import make_task
from remediate.lab.state import HostState, Record
from remediate.powershell.messages import Call, Reply, Request, Status, decode_reply
from remediate.powershell.script import compose
from remediate.resources.scheduled_task import MultipleInstances, ScheduledTask

pytestmark = [pytest.mark.powershell, pytest.mark.slow]  # the ordinary run has tests/conformance

PARALLEL, IGNORE_NEW = MultipleInstances.PARALLEL, MultipleInstances.IGNORE_NEW
QUOTES = "'\"`\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u00ab\u00bb\u2032\u2033"
PAYLOAD = "Remove-Item -LiteralPath $env:REMEDIATE_LAB_STATE"
HOSTILE = [
    *(f"a{quote}b" for quote in QUOTES),
    *(f"a{quote}; {PAYLOAD}; {quote}" for quote in QUOTES),
    *(f"{quote}$({PAYLOAD}){quote}" for quote in QUOTES),
    *(f"a{character}b" for character in string.punctuation if character not in QUOTES),
    *("[a]", "[a-z]*", "*", "?", "a`[b", "`*", "[", "]", "[]", "``", "a[", "**?"),
    *("$env:COMPUTERNAME", "$(1+1)", "${x}", "@(1)", "%COMPUTERNAME%", "&calc", "|more", "{0}"),
    *("a\nb", "a\r\nb", "a\tb", "\u0085", "\u2028", "a\x00b", "a\x1bb", "\x7f", " a", "a ", " "),
    *("_x000D_", "_x005F_x000D_", "\\u0041", "=", "==", "null", "true", "1", "1e3"),
    *("2024-01-01T00:00:00Z", "/Date(0)/", "2024-01-01", "00:00:01"),
    *("\u202ea\u202c", "\u200f", "\u200b", "a\u00adb", "\ufeff", "e\u0301", "\u00e9"),
    *("한국어", "백업 작업", "\U0001f4a9", "ß", "ẞ", "\u0130", "\u0131", "ﬁ"),
    *("#remediate-end R1", "<!--", "]]>", "&amp;", "<a>", "--%", "-Force", "/?"),
    "x" * 100_000,
    "'" * 50_000,
]
FOLDERS = ["\\A 'b' $(1)\\", "\\[a]*?\\", "\\백업\\", "\\\u201eq\u201c\\", "\\a`nb\\"]


def ask(host: Any, *calls: Call) -> Reply:
    request = Request(run="R1", calls=calls)
    script = compose(ScheduledTask.writing_files()).text
    [text] = host.run(script, Request=request.encode())
    return decode_reply([str(text)], request)


def task(name: str, folder: str, policy: MultipleInstances = PARALLEL) -> Record:
    return {**make_task("plain", policy), "name": name, "path": folder}


def test_the_list_is_long_and_no_value_stands_in_it_twice() -> None:
    assert len(HOSTILE) == len(set(HOSTILE)) >= 100


@pytest.mark.parametrize("folder", FOLDERS)
def test_names_and_folders_come_back_to_the_character(
    windows: Callable[..., Any], folder: str
) -> None:
    others = [task("decoy", other) for other in ("\\", "\\a\\", "\\A b 1\\", "\\[a]*?\\x\\")]
    named = [task(name, folder) for name in HOSTILE]
    host = windows(HostState("SRV01", {"scheduled_tasks": [*others, *named]}))
    reply = ask(
        host,
        Call(id="get", function="Get-RemediateScheduledTask", arguments={"folder": folder}),
    )
    assert reply["get"].error is None
    assert [value["name"] for value in reply["get"].value] == HOSTILE
    assert reply["get"].value == records(host.state, "scheduled_task", folder=folder)


def test_writing_one_changes_that_one_only(windows: Callable[..., Any]) -> None:
    folder = FOLDERS[0]
    names = [name for name in HOSTILE if len(name) < 100]
    host = windows(HostState("SRV01", {"scheduled_tasks": [task(name, folder) for name in names]}))
    chosen = names[::12]
    calls = [
        Call(
            id=f"set{number}",
            function="Set-RemediateScheduledTask",
            arguments={
                "identity": {"path": folder, "name": name},
                "before": {"multiple_instances": int(PARALLEL)},
                "after": {"multiple_instances": int(IGNORE_NEW)},
            },
        )
        for number, name in enumerate(chosen)
    ]
    reply = ask(host, *calls)
    assert {call.status for call in reply.calls} == {Status.OK}
    assert host.state.windows["scheduled_tasks"] == [
        task(name, folder, IGNORE_NEW if name in chosen else PARALLEL) for name in names
    ]


@pytest.mark.parametrize("name", ["*", "[x]", "?", "deco?", "\ud800", "decoy\x00", "de\u200bcoy"])
def test_a_name_that_is_not_there_is_missing_whatever_it_looks_like(
    windows: Callable[..., Any], name: str
) -> None:
    host = windows(HostState("SRV01", {"scheduled_tasks": [task("decoy", "\\A\\")]}))
    before = host.state.snapshot()
    call = Call(
        id="set",
        function="Set-RemediateScheduledTask",
        arguments={
            "identity": {"path": "\\A\\", "name": name},
            "before": {"multiple_instances": 0},
            "after": {"multiple_instances": 2},
        },
    )
    [result] = ask(host, call).calls
    assert result.error is not None
    assert result.error.error_id.partition(",")[0] == "RemediateMissing"
    assert host.state.snapshot() == before
