"""PowerShell as a program: what it is given, and what is made of what it says."""

import base64
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.powershell import program
from remediate.powershell.messages import Call, Request, Status, decode_reply
from remediate.powershell.script import FOLDER, LEASE_READER, LEASE_WRITER, compose
from remediate.resources.file import File
from remediate.resources.folder_access import FolderAccess
from remediate.resources.folder_marks import FolderMarks

MAX_LINE = 8191
"""Characters that cmd.exe takes."""
REQUEST = Request(run="r_1", calls=(Call(id="a", function="Get-RemediateNothing"),))


def test_the_command_line_is_one_that_the_command_shell_takes() -> None:
    arguments = program.arguments()
    assert len(" ".join(["powershell.exe", *arguments])) < MAX_LINE
    assert base64.b64decode(arguments[-1]).decode("utf-16-le") == program.loader()


def test_what_it_is_given_is_the_same_in_every_code_page() -> None:
    given = program.standard_input(compose(LEASE_READER).text, REQUEST)
    assert given.isascii()
    request, secrets, *_, mark, end = given.decode().split("\n")
    assert (Request.decode(request), mark, end) == (REQUEST, program.WHOLE, "")
    assert secrets == "{}"
    with pytest.raises(ValueError, match="ascii"):
        program.standard_input("'ß'", REQUEST)


NOT_THERE = "'powershell.exe' is not recognized as a command"
PROGRESS = '<Objs Version="1.1.0.1"><Obj S="progress"><S>x</S></Obj>'
ERRORS = '<S S="Error">kein &lt;Befehl&gt;_x000D__x000A_</S><S S="Error">hier</S></Objs>'
TOLD = '#< CLIXML\n<Objs><S S="Error">{}_x000A_</S></Objs>'


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", ""),
        (NOT_THERE.replace(" as", "\r\nas"), NOT_THERE),
        (f"#< CLIXML\r\n{PROGRESS}{ERRORS}", "kein <Befehl> hier"),
        (f"before {TOLD.format(1)}{TOLD.format(2)}", "before 1 2"),
    ],
)
def test_of_what_it_says_its_errors_are_told_and_not_its_progress(said: str, told: str) -> None:
    assert program.complaint(said.encode()) == told


def test_half_a_line_does_not_count_before_the_end() -> None:
    data = b"\xef\xbb\xbfone\r\ntwo\r\nthr"
    assert program.outputs(data, ended=False) == ["one", "two"]
    assert program.outputs(data) == ["one", "two", "thr"]


@pytest.mark.skipif(find_pwsh() is None, reason=f"no PowerShell engine: {HOW_TO_GET_ONE}")
def test_the_loader_runs_a_script_that_came_whole_and_no_other() -> None:
    """With a real PowerShell; what the script says comes through word for word."""
    given = program.standard_input(compose(LEASE_READER).text, REQUEST)
    reply = decode_reply(program.outputs(_run(given)), REQUEST)
    assert reply["a"].status is Status.ERROR
    with pytest.raises(program.ScriptFailedError) as caught:
        program.outputs(_run(given[: -len(program.WHOLE) - 2]))
    assert caught.value.cut_off
    broken = program.standard_input("param([string] $Request)\nif (", REQUEST)
    with pytest.raises(program.ScriptFailedError) as caught:
        program.outputs(_run(broken))
    assert caught.value.exception == "System.Management.Automation.ParseException"


@pytest.mark.skipif(find_pwsh() is None, reason=f"no PowerShell engine: {HOW_TO_GET_ONE}")
def test_modules_come_from_where_it_is_said_and_from_nowhere_else() -> None:
    """PowerShell itself puts the user's folder first; over WinRM that is the server's matter."""
    script = "param([string] $Request)\n$env:PSModulePath"
    given = program.standard_input(script, REQUEST)
    kept = os.environ.keys() - {"PSModulePath", program.MODULES}
    environment = {name: os.environ[name] for name in kept}
    [usual] = program.outputs(_run(given, environment))
    modules = usual.split(os.pathsep)[-1]
    said = {**environment, "PSModulePath": modules, program.MODULES: modules}
    assert modules != usual
    assert program.outputs(_run(given, said)) == [modules]


@pytest.mark.skipif(find_pwsh() is None, reason=f"no PowerShell engine: {HOW_TO_GET_ONE}")
def test_what_is_matched_does_not_depend_on_the_language_of_the_account(tmp_path: Path) -> None:
    """In Turkish, an I that loses its case is none that has a dot."""
    file = tmp_path / "told.read.ps1"
    file.write_text("function Get-RemediateTold { 'FILE' -match 'file' }")
    request = Request(run="r_1", calls=(Call(id="a", function="Get-RemediateTold", files=(file,)),))
    given = program.standard_input(compose(request.files).text, request)
    turkish = "[System.Threading.Thread]::CurrentThread.CurrentCulture = 'tr-TR'\n"
    assert decode_reply(program.outputs(_run(given, before=turkish)), request)["a"].value == [True]


@pytest.mark.skipif(find_pwsh() is None, reason=f"no PowerShell engine: {HOW_TO_GET_ONE}")
def test_a_file_that_somebody_has_open_for_a_moment_is_written_and_read_all_the_same(
    tmp_path: Path,
) -> None:
    """As Windows PowerShell says it: a scanner, or a pipeline that writes, lets nobody in."""
    file = tmp_path / "told.write.ps1"
    file.write_text(
        r"""
        $script:Refusals = [System.Collections.Queue] @(
            [System.IO.IOException] 'used by another process'
            [System.ArgumentException] 'Stream was not readable.'
            [System.IO.IOException] 'used by another process'
        )
        function Set-Content {
            param([string] $LiteralPath, [string[]] $Value, [string] $Encoding)
            if ($script:Refusals.Count -gt 1) { throw $script:Refusals.Dequeue() }
            Microsoft.PowerShell.Management\Set-Content @PSBoundParameters
        }
        function Get-Content {
            param([string] $LiteralPath, [switch] $Raw, [string] $Encoding)
            if ($script:Refusals.Count -gt 0) { throw $script:Refusals.Dequeue() }
            Microsoft.PowerShell.Management\Get-Content @PSBoundParameters
        }
        function Get-RemediateTold {
            param([string] $Path)
            $lease = @{ run = 'r'; owner = 'o'; fence = 1; since = 2; until = 3 }
            Save-RemediateFile -Path $Path -Lines (ConvertTo-Json -InputObject $lease)
            (Read-RemediateLease -Path $Path)['fence']
            @(Read-RemediateLease -Path ($Path + 'x')).Count
        }
        """
    )
    path = str(tmp_path / "lease.json")
    call = Call(id="a", function="Get-RemediateTold", arguments={"Path": path}, files=LEASE_WRITER)
    request = Request(run="r_1", calls=(call,))
    given = program.standard_input(compose({*request.files, file}).text, request)
    assert decode_reply(program.outputs(_run(given)), request)["a"].value == [1, 0]


@pytest.mark.skipif(find_pwsh() is None, reason=f"no PowerShell engine: {HOW_TO_GET_ONE}")
def test_what_no_path_can_have_in_it_is_not_there(tmp_path: Path) -> None:
    """As Windows PowerShell says it; a value in the registry may name anything for a path."""
    file = tmp_path / "told.read.ps1"
    file.write_text(
        """
        function Test-Path {
            param([string] $LiteralPath, [string] $PathType)
            if ($LiteralPath -match '["<>|]') { throw [System.ArgumentException] 'Illegal path.' }
        }
        """
    )
    calls = tuple(
        Call(
            id=kind.kind,
            function=f"Get-Remediate{kind.function}",
            arguments={"Paths": ['D:\\Scratch"', "D:\\a|b"]},
            files=(*kind.reading_files(), file),
        )
        for kind in (File, FolderAccess, FolderMarks)
    )
    request = Request(run="r_1", calls=calls)
    given = program.standard_input(compose(request.files).text, request)
    reply = decode_reply(program.outputs(_run(given)), request)
    assert [(call.error, len(call.value)) for call in reply.calls] == [
        (None, 2),
        (None, 0),
        (None, 0),
    ]


def test_a_process_of_its_own_takes_them_from_there_too() -> None:
    folder = FOLDER.parent / "resources"
    taken = r"if \(\$env:RemediateModules\) {.*}\n\s*\$PID\n"
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.ps1")]
    begins = [len(re.findall(r"^\s*\$PID\n", text, re.MULTILINE)) for text in texts]
    assert begins == [len(re.findall(taken, text)) for text in texts]
    assert sum(begins) >= 4


def _run(given: bytes, environment: Mapping[str, str] | None = None, before: str = "") -> bytes:
    *options, _ = program.arguments()
    loader = base64.b64encode((before + program.loader()).encode("utf-16-le")).decode()
    done = subprocess.run(
        [str(find_pwsh()), *options, loader],
        env=environment,
        input=given,
        capture_output=True,
        check=True,
        timeout=60,
    )
    return done.stdout
