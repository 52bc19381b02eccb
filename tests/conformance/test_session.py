"""The session that asks: who it is, by number, and what PowerShell lets it do."""

import subprocess

import pytest

from remediate.lab.engines.path import find_pwsh
from remediate.lab.kinds.session import GROUPS
from remediate.powershell.messages import Call, Request, decode_reply
from remediate.powershell.packed import PLAIN, unpacker
from remediate.powershell.program import ScriptFailedError, loader, outputs, standard_input
from remediate.powershell.script import compose
from remediate.resources.session import Rights, Session, Sessions
from remediate.testing.powershell import PowerShellHosts
from remediate.transport.errors import ConstrainedLanguage
from remediate.transport.script_errors import of_script
from tests.conformance.doors import Asked, PowerShellDoor, SimulatedDoor

CONSTRAINED = "$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'; "
QUESTION = Call(id="1", function="Get-RemediateSession", files=Sessions().reading_files())


@pytest.mark.parametrize(
    ("account", "rights", "local"),
    [
        ("administrator", Rights.ADMINISTRATOR, False),
        ("filtered", Rights.FILTERED, True),
        ("filtered of a domain", Rights.FILTERED, False),
        ("user", Rights.NONE, False),
    ],
)
def test_rights_are_told_by_number(account: str, rights: Rights, local: bool) -> None:
    one = Session(name="PowerShell", language_mode="FullLanguage", groups=GROUPS[account])
    assert (one.rights, one.local) == (rights, local)


def test_what_is_not_said_is_not_guessed() -> None:
    for groups in (None, (), ("S-1-5-32-544",)):
        one = Session(name="PowerShell", language_mode="FullLanguage", groups=groups)
        assert one.rights is None


@pytest.mark.powershell
def test_both_doors_say_the_same(powershell: PowerShellHosts) -> None:
    for facts in ({}, {"lacks": ["whoami"]}):
        twin = Asked(SimulatedDoor(), "session", {"account": "filtered"}, **facts)
        real = Asked(PowerShellDoor(powershell), "session", {"account": "filtered"}, **facts)
        assert real.get() == twin.get()


@pytest.mark.powershell
def test_a_script_runs_in_constrained_language_and_what_unpacks_or_loads_it_does_not() -> None:
    request = Request(run="audit", calls=(QUESTION,))
    script = compose(request.files).text
    said = run(f"function Whole {{\n{script}\n}}", f"Whole -Request '{request.encode()}'")
    reply = decode_reply(said.decode().splitlines(), request)
    assert reply["1"].value == [
        {"name": "PowerShell", "language_mode": "ConstrainedLanguage", "groups": None}
    ]
    text = f"function Unpacker {{\n{unpacker()}\n}}"
    assert run(text, "Unpacker -Packed 1 -Request ''").decode().strip() == PLAIN
    text = f"function Loader {{\n{loader()}\n}}"
    given = standard_input(script, request)
    with pytest.raises(ScriptFailedError) as caught:
        outputs(run(text, "$given | Loader", given))
    error = caught.value
    told = of_script("SRV01", error.message, error.error_id, error.exception, error.line)
    assert type(told) is ConstrainedLanguage


def run(text: str, then: str, given: bytes = b"") -> bytes:
    """What a PowerShell says that is constrained from before it reads a script."""
    command = f"$given = @($input); {CONSTRAINED}Invoke-Expression -Command $env:TEXT; {then}"
    words = [str(find_pwsh()), "-NoProfile", "-NonInteractive", "-Command", command]
    return subprocess.run(
        words, input=given, stdout=subprocess.PIPE, env={"TEXT": text}, check=False
    ).stdout
