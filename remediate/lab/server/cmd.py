"""The `cmd` shell of WinRS, as far as pywinrm and our own loader need it."""

import asyncio
import base64
import binascii
import re
import uuid
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from remediate.lab.engines.protocol import Program
from remediate.lab.server.outlet import Chunk, Outlet
from remediate.lab.server.shell import Shell, ShellInfo, unknown_command
from remediate.lab.server.soap import NS, Code, WSManFault
from remediate.lab.state import HostState
from remediate.powershell.program import loader

MAX_LINE = 8191
"""Characters of a command line that cmd.exe takes."""

_CHUNK = 32768
_POWERSHELL = re.compile(r'"?(?:[^"]*[\\/])?powershell(?:\.exe)?"?(?:\s|$)', re.IGNORECASE)
_ENCODED = re.compile(r"\s[-/](?:ec|e(?:n(?:c\w*)?)?)\s+(\S+)", re.IGNORECASE)
_FROM_STDIN = re.compile(r"\s[-/](?:command|c|file|f)\s+-\s*$", re.IGNORECASE)
_COMMAND = re.compile(r"\s[-/]c(?:o(?:mmand?)?)?\s+(.+)", re.IGNORECASE | re.DOTALL)


class CmdShell(Shell):
    """Runs no program but our loader: else it puts out the canned answers of its host.

    Args:
        info: what is told of it.
        state: the host.
        codepage: number of the code page of its streams.
        program: runs the loader.
    """

    streams = ("stdin", "stdout stderr")

    def __init__(self, info: ShellInfo, state: HostState, codepage: str, program: Program) -> None:
        super().__init__(info)
        self._program = program
        self._running: dict[str, asyncio.Task[None]] = {}
        self._loaders: set[str] = set()
        self._state = state
        self._encoding = "utf-8" if codepage == "65001" else f"cp{codepage}"
        self._waiting: dict[str, bytearray] = {}

    async def create(self, body: ET.Element) -> None:
        """Check that Python knows the code page."""
        del body
        try:
            "".encode(self._encoding)
        except LookupError as error:
            raise WSManFault(Code.OPTIONS_INVALID_VALUE, "The code page is unknown.") from error

    async def command(
        self, command_id: str | None, line: ET.Element, options: Mapping[str, str]
    ) -> str:
        """Run a command line, at once or when its input has ended."""
        name = (command_id or str(uuid.uuid4())).upper()
        parts = [line.findtext("rsp:Command", "", NS)]
        parts += [argument.text or "" for argument in line.findall("rsp:Arguments", NS)]
        text = " ".join(parts).strip()
        outlet = self.new_command(name)
        if len(text) > MAX_LINE:
            self._finish(outlet, "", "The command line is too long.\r\n", 1)
        elif _POWERSHELL.match(text) and _FROM_STDIN.search(text):
            self._waiting[name] = bytearray()
        elif _POWERSHELL.match(text) and _script(text) == loader():
            self._loaders.add(name)
            if options.get("winrs_consolemode_stdin", "TRUE").upper() == "FALSE":
                self._waiting[name] = bytearray()  # else it has a console, which never ends
        else:
            self._run(outlet, text)
        return name

    async def send(self, command_id: str | None, stream: str, data: bytes, *, end: bool) -> None:
        """Take input; at its end, run what was waiting for it."""
        name = (command_id or "").upper()
        if name not in self.commands:
            raise unknown_command()
        if stream != "stdin" or name not in self._waiting:
            return
        self._waiting[name] += self.count(data)
        if not end:
            return
        given = bytes(self._waiting.pop(name))
        if name in self._loaders:
            work = self._load(self.commands[name], given)
            self._running[name] = asyncio.get_running_loop().create_task(work)
        else:
            self._run_script(self.commands[name], given.decode(self._encoding, errors="replace"))

    async def signal(self, command_id: str, code: str) -> None:
        """Forget a command."""
        del code
        outlet = self.commands.pop(command_id.upper(), None)
        if outlet is None:
            raise unknown_command()
        self._waiting.pop(command_id.upper(), None)
        await self._kill(command_id.upper())
        outlet.close()

    async def close(self) -> None:
        """Kill what runs, and wake up whoever waits."""
        for outlet in self.commands.values():
            outlet.close()
        for name in list(self._running):
            await self._kill(name)

    async def _kill(self, name: str) -> None:
        task = self._running.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _load(self, outlet: Outlet, given: bytes) -> None:
        """Run the loader; Windows tells its output, and then, by itself, that it has ended."""

        def say(data: bytes) -> None:
            for start in range(0, len(data), _CHUNK):
                outlet.put(Chunk("stdout", data[start : start + _CHUNK]))

        outlet.finish(await self._program(loader(), given, say), apart=True)

    def _run(self, outlet: Outlet, text: str) -> None:
        powershell = _POWERSHELL.match(text)
        if powershell:
            self._run_script(outlet, _script(text[powershell.end() - 1 :]))
            return
        if text in self._state.answers:
            self._finish(outlet, _lines(self._state.answers[text]), "", 0)
            return
        program = text.split(" ", 1)[0]
        message = f"'{program}' is not recognized as an internal or external command,\r\n"
        self._finish(outlet, "", message + "operable program or batch file.\r\n", 1)

    def _run_script(self, outlet: Outlet, script: str) -> None:
        # pywinrm puts a line in front of every script.
        quiet = "$ProgressPreference = 'SilentlyContinue';"
        text = script.strip().removeprefix(quiet).strip()
        if text in self._state.answers:
            self._finish(outlet, _lines(self._state.answers[text]), "", 0)
            return
        error = escape(f"A simulated host runs no scripts of its own: {text[:80]!r}")
        clixml = (
            '#< CLIXML\r\n<Objs Version="1.1.0.1" '
            'xmlns="http://schemas.microsoft.com/powershell/2004/04">'
            f'<S S="Error">{error}_x000D__x000A_</S></Objs>'
        )
        self._finish(outlet, "", clixml, 1)

    def _finish(self, outlet: Outlet, stdout: str, stderr: str, exit_code: int) -> None:
        for stream, text in (("stdout", stdout), ("stderr", stderr)):
            data = text.encode(self._encoding, errors="replace")
            for start in range(0, len(data), _CHUNK):
                outlet.put(Chunk(stream, data[start : start + _CHUNK]))
        outlet.finish(exit_code)


def _script(options: str) -> str:
    """What PowerShell is to run, by its options; any beginning of their names will do there."""
    encoded = _ENCODED.search(options)
    if encoded:
        try:
            return base64.b64decode(encoded[1], validate=True).decode("utf-16-le")
        except (binascii.Error, UnicodeDecodeError):
            return ""
    command = _COMMAND.search(options)
    return (command[1] if command else options).strip()


def _lines(outputs: list[Any]) -> str:
    return "".join(f"{output}\r\n" for output in outputs)
