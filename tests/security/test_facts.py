"""What is given away of a host has no secret of it, wherever the host keeps one."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from remediate.engine import fact_finding
from remediate.lab.hosts import make_state
from remediate.lab.kinds import put
from remediate.lab.state import HostState
from remediate.model.facts import Facts
from remediate.model.schema import schema_of
from remediate.resources.withholding import MAX_TEXT, WITHHELD, all_withheld, withheld
from remediate.testing.transport import MemoryTransport

Make = Callable[..., Any]

CANARY = "hunter2Canary"
KEY = "Zm9vYmFyQ2FuYXJ5a2V5K3NvbWV0aGluZytlbHNlLzEyMzQ1Njc4OTA="
"""A key as Base64 has it."""
OWN = r"HKEY_LOCAL_MACHINE\SOFTWARE\Contoso"
VALUES: dict[str, Any] = {
    "ProxyPassword": CANARY,
    "StorageKey": CANARY,
    "Url": f"https://x.example/?sv=1&sig={CANARY}",
    "Proxy": f"http=svc:{CANARY}@proxy:8080",
    "Start": f"tool.exe -v --token {CANARY}",
    "Connect": f"Server=A;User=B;Password={CANARY};",
    "Text": KEY,
    "Bytes": {"type": "Binary", "data": list(CANARY.encode())},
    "Many": {"type": "MultiString", "data": ["first", f"pwd: '{CANARY}'"]},
    "Plain": "nothing to hide",
}
ASKS = f"""
from remediate.playbook import Playbook, PlaybookParams
from remediate.resources.event import Events
from remediate.resources.registry_value import RegistryName, RegistryValues

class Params(PlaybookParams):
    '''None of its own.'''

class Own(Playbook[Params]):
    id = "own"
    title = "Own"
    source = "https://example.org/"

    def observe(self, params):
        values = (RegistryName(key={OWN!r}, name=name) for name in {tuple(VALUES)!r})
        yield RegistryValues(values=tuple(values))
        yield Events(log="Application", provider="Contoso", ids=(1,), days=3650)

    def decide(self, seen, params):
        return ()
"""
SYSTEM_PROXY = r"HKEY_USERS\S-1-5-18\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings"


@pytest.fixture
def host() -> HostState:
    """A host with the canary in every text that people and programs write secrets into."""
    state = make_state()
    data = [f"/pwd {CANARY}", f"Authorization: Bearer {CANARY}", f"secret='{CANARY} and more'"]
    values = {f"{OWN}\\{name}": value for name, value in VALUES.items()}
    values[f"{SYSTEM_PROXY}\\ProxyServer"] = f"http://svc:{CANARY}@proxy:8080"
    put(
        state,
        {
            "registry_value": values,
            "event": {"Application": [{"id": 1, "provider": "Contoso", "data": data}]},
            "failed_file_log": {"LastBackupFailedFiles1_1_5_2026.txt": {"lines": [CANARY]}},
        },
    )
    free = (
        f"<RegistrationInfo><Description>{CANARY}</Description></RegistrationInfo>",
        f"<Exec><Command>tool.exe {CANARY}</Command><Arguments>-x {CANARY}</Arguments></Exec>",
    )
    for task in state.windows["scheduled_tasks"]:
        xml = re.sub(
            r"(?s)<RegistrationInfo\b.*?</RegistrationInfo>|<RegistrationInfo */>", "", task["xml"]
        )
        xml = re.sub(r"(<Task\b[^>]*>)", rf"\1{free[0]}", xml, count=1)
        task["xml"] = re.sub(r"(?s)<Exec\b.*?</Exec>", lambda _: free[1], xml)
        assert task["xml"].count(CANARY) == 3
    for path in list(state.windows["files"]):
        text = state.windows["files"][path]
        if isinstance(text, str) and path.lower().endswith((".vaultcredentials", ".psm1", ".kek")):
            state.windows["files"][path] = text.replace("</", f"<Key>{CANARY}</Key></", 1) + " "
    return state


@pytest.fixture
def facts(cli: Make, host: HostState, tmp_path: Path) -> Make:
    """Asks that host."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "own.py").write_text(ASKS)
    words = ("--host", "SRV01", "--user", "svc", "--playbooks", "own")

    def ask(*more: str) -> Any:
        return cli("facts", *words, *more, transport=lambda _: MemoryTransport({"SRV01": host}))

    return ask


def test_no_secret_of_a_host_is_given_away(facts: Make, host: HostState) -> None:
    assert json.dumps(host.windows).count(CANARY) > 15, "it is planted"
    result = facts("--deep")
    assert result.code == 0, result.data["unanswered"]
    for form in (CANARY, base64.b64encode(CANARY.encode()).decode()[:16], KEY[:40]):
        assert form not in result.out
    assert str(list(CANARY.encode()))[1:20] not in result.out.replace("\n", "").replace(" ", "")
    document = result.data
    jsonschema.validate(document, schema_of(Facts))
    told = {
        one["resource"]["key"]["name"]: one["properties"]["value"]
        for answer in document["answered"]
        for one in answer["resources"]
        if one["resource"]["key"].get("key") == OWN
    }
    assert told["Plain"]["data"] == "nothing to hide"
    assert told["Proxy"]["data"] == f"http=svc:{WITHHELD}@proxy:8080"
    assert told["Start"]["data"] == f"tool.exe -v --token {WITHHELD}"
    assert told["Bytes"] == {"type": "Binary", "data": WITHHELD}


def test_all_that_was_asked_is_in_it_and_who_asked(facts: Make) -> None:
    document = facts().data
    asked = {name for answer in document["answered"] for name in answer["playbooks"]}
    assert {"schedule-fix", "tls12", "own"} <= asked
    mine = [one for one in document["answered"] if "schedule-fix" in one["playbooks"]]
    names = {each["resource"]["key"].get("name") for one in mine for each in one["resources"]}
    assert {"Microsoft-OnlineBackup", "Microsoft-OnlineBackup-SystemStateBackup"} <= names
    assert (document["host"], document["facts"]["computer"]["name"]) == ("SRV01", "SRV01")
    assert document["at"] is not None


def test_one_topic_is_asked_alone_and_what_is_excepted_is_not(facts: Make) -> None:
    names = [use["id"] for use in facts("--topic", "storage").data["playbooks"]]
    assert "shadow-storage" in names
    assert "tls12" not in names
    rest = facts("--topic", "storage", "--except", "shadow-storage").data["playbooks"]
    assert [use["id"] for use in rest] == [name for name in names if name != "shadow-storage"]
    facts("own", "--topic", "storage").explains(64, "a topic too")


def test_what_was_not_answered_is_part_of_it(facts: Make, host: HostState) -> None:
    host.denied["scheduled_task"] = "read"
    result = facts()
    assert result.code == 3
    why = {one["problem"]["code"] for one in result.data["unanswered"]}
    asking = [name for one in result.data["unanswered"] for name in one["playbooks"]]
    assert (why, "schedule-fix" in asking) == ({"access_denied"}, True)


def test_facts_are_about_one_server_that_answers(cli: Make, facts: Make) -> None:
    dead = cli("facts", "--host", "X", "--user", "a", transport=lambda _: MemoryTransport({}))
    assert (dead.code, dead.data["problem"]["code"], dead.data["answered"]) == (
        5,
        "name_not_resolved",
        [],
    )
    facts("--host", "SRV02").explains(64, "facts are about one server, and 2 are chosen")


def test_facts_are_bounded_and_say_what_there_was_no_room_for(
    facts: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = facts().data["answered"]
    monkeypatch.setattr(fact_finding, "MAX_FACTS", 2000)
    cut = facts().data["answered"]
    assert sum(len(json.dumps(one["resources"])) for one in cut) < 4000
    for before, after in zip(whole, cut, strict=True):
        assert len(before["resources"]) == len(after["resources"]) + after["left_out"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a password=x y", f"a password={WITHHELD} y"),
        ('"ClientSecret": "x y"', f'"ClientSecret": {WITHHELD}'),
        ("net use /user:A -Password 'x y' Z", f"net use /user:A -Password {WITHHELD} Z"),
        ("https://u:p@h/", f"https://{WITHHELD}@h/"),
        ("Authorization: Basic QWxhZGRpbg==", f"Authorization: {WITHHELD}"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----.", f"{WITHHELD}."),
        ("-----BEGIN PRIVATE KEY-----\nabc", WITHHELD),
        (f"key {KEY}!", f"key {WITHHELD}!"),
        ("eyJhbGciOiJI.eyJzdWIi.c2ln x", f"{WITHHELD} x"),
        ("pwd=&quot;x y&quot; z", f"pwd={WITHHELD} z"),
        # what is none
        ("the password of the account has expired", "the password of the account has expired"),
        (r"C:\Program Files\Microsoft Azure Recovery Services Agent\bin\cbengine.exe",) * 2,
        (r"\\?\Volume{3f0e9c54-0000-0000-0000-100000000000}" + "\\",) * 2,
        ("S-1-5-21-1004336348-1177238915-682003330-512",) * 2,
        ("780d034d9eb2da9fe15244b2e9aeaa363be957b6522899c67287c4f397aa1f36",) * 2,
        ("13:45:10 C:\\a.txt a@b.example",) * 2,
    ],
)
def test_what_looks_like_a_secret_is_left_out_of_a_text(text: str, told: str) -> None:
    assert withheld(text) == told


def test_what_has_a_telling_name_is_left_out_whole_and_long_texts_are_cut() -> None:
    document = {"password": "x", "list": [{"apiToken": "y", "other": "z"}], "key": 1}
    assert all_withheld(document) == {
        "password": WITHHELD,
        "list": [{"apiToken": WITHHELD, "other": "z"}],
        "key": 1,
    }
    assert withheld("ab " * MAX_TEXT) == ("ab " * MAX_TEXT)[:MAX_TEXT] + "…"
    assert withheld("a" * 10_000_000)[-1] == "…"
