"""Engines that are started before they are needed, so that a session begins at once.

A PowerShell process takes a third of a second to open its first session, and a tenth of that
to open another. So each process first opens sessions of our own: one tells the process which
host it is to be, one has it load and compile what all sessions need.
"""

import asyncio
import base64
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from remediate.lab.engines.process import EngineGoneError, EngineProcess
from remediate.lab.engines.warm_up import EngineSession
from remediate.lab.kinds import stand_ins

_log = logging.getLogger(__name__)

_WINDOWS = Path(__file__).parents[1] / "windows"
_START_SECONDS = 60.0
_PASSED_ON = ("PATH", "DOTNET_ROOT", "LD_LIBRARY_PATH", "LANG")

_WARM_UP = """
$task = Get-ScheduledTask -ErrorAction SilentlyContinue | Select-Object -First 1
$null = $task | Export-ScheduledTask | ConvertTo-Json | ConvertFrom-Json
$null = Test-Path -LiteralPath 'HKLM:\\SOFTWARE'
"""
_BECOME = """
param([hashtable] $Variables, [string] $Modules)
foreach ($name in $Variables.Keys) {
    [System.Environment]::SetEnvironmentVariable($name, $Variables[$name])
}
# PowerShell puts its own folders first; ours has to be before them, for the registry's sake.
$first = $Modules + [System.IO.Path]::PathSeparator
if (-not $env:PSModulePath.StartsWith($first)) { $env:PSModulePath = $first + $env:PSModulePath }
"""


def _modules() -> str:
    """Folders with stand-ins for Windows' commands, ours first."""
    return os.pathsep.join(map(str, (_WINDOWS, *stand_ins())))


@dataclass(frozen=True)
class _Ready:
    process: EngineProcess
    variables: Mapping[str, str]


class EnginePool:
    """Starts engines, keeps a few ready, and ends them all.

    Args:
        program: the `pwsh`.
        folder: for what they write besides; the caller removes it.
        ready: how many processes wait for a session, once there has been a first one.
        lasting: sessions go on for minutes, so that it pays to compile well what runs often.
    """

    def __init__(
        self, program: Path, folder: Path, *, ready: int = 2, lasting: bool = False
    ) -> None:
        self._program = program
        self._lasting = lasting
        self._wanted = ready
        self._folder = folder
        self._ready: list[_Ready] = []
        self._all: set[EngineProcess] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._closed = False

    async def take(self, variables: Mapping[str, str]) -> EngineProcess:
        """An engine in which no client has been, with these environment variables.

        Args:
            variables: what the host's processes see.

        Raises:
            OSError: the program cannot be started.
            EngineGoneError: it does not behave like PowerShell.
            TimeoutError: it does not answer.
        """
        while self._ready:
            ready = next((one for one in self._ready if one.variables == variables), self._ready[0])
            self._ready.remove(ready)
            if not ready.process.gone:
                if ready.variables != variables:
                    await self._become(ready.process, variables)
                return ready.process
            await self.give_back(ready.process)
        return await self._start(variables)

    def refill(self, variables: Mapping[str, str]) -> None:
        """Start engines in the background until enough are ready.

        Args:
            variables: of the host that is most likely to be asked for next.
        """
        missing = self._wanted - len(self._ready) - len(self._starting)
        for _ in range(0 if self._closed else missing):
            task = asyncio.create_task(self._start_ready(variables))
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    async def give_back(self, process: EngineProcess) -> None:
        """End an engine; it is never used twice."""
        await process.kill()
        self._all.discard(process)

    async def close(self) -> None:
        """End all engines."""
        self._closed = True
        for task in tuple(self._starting):
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        await asyncio.gather(*(self.give_back(process) for process in tuple(self._all)))
        self._ready.clear()

    async def start_program(
        self, script: str, variables: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        """A PowerShell that runs a script with what is on its standard input, and ends.

        Args:
            script: what its command line says, decoded.
            variables: what the host's processes see.

        Raises:
            OSError: the program cannot be started.
        """
        argv, environment = self.command(script, variables)
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            cwd=self._folder,
            start_new_session=True,
        )

    def command(
        self, script: str, variables: Mapping[str, str]
    ) -> tuple[tuple[str, ...], dict[str, str]]:
        """How a PowerShell is started as a program, and the environment that it gets.

        Args:
            script: what its command line says, decoded.
            variables: what the host's processes see.
        """
        first = f"$env:PSModulePath = '{_modules()}{os.pathsep}' + $env:PSModulePath\n"
        encoded = base64.b64encode((first + script).encode("utf-16-le")).decode()
        options = ("-NoProfile", "-NonInteractive", "-EncodedCommand", encoded)
        return (str(self._program), *options), {**self._environment(), **variables}

    async def _start_ready(self, variables: Mapping[str, str]) -> None:
        try:
            process = await self._start(variables)
            await self._prepare(process, _WARM_UP, {})
            self._ready.append(_Ready(process, variables))
        except (OSError, EngineGoneError, TimeoutError) as error:
            _log.warning("no engine could be made ready: %s", error)

    async def _start(self, variables: Mapping[str, str]) -> EngineProcess:
        if self._closed:
            raise EngineGoneError("the lab has been closed")
        process = await EngineProcess.start(self._program, self._environment(), self._folder)
        self._all.add(process)
        await self._become(process, variables)
        return process

    async def _become(self, process: EngineProcess, variables: Mapping[str, str]) -> None:
        parameters = {"Variables": dict(variables), "Modules": _modules()}
        await self._prepare(process, _BECOME, parameters)

    async def _prepare(
        self, process: EngineProcess, script: str, parameters: Mapping[str, object]
    ) -> None:
        """Run a script in a session of its own; an engine that cannot do that is of no use."""
        try:
            session = EngineSession(process)
            async with asyncio.timeout(_START_SECONDS):
                await session.open()
                (await session.run(script, parameters)).check()
                await session.close()
        except BaseException:
            await self.give_back(process)
            raise

    def _environment(self) -> dict[str, str]:
        """Little of our own: what a script can read must hold no secret of ours."""
        folder = str(self._folder)
        return {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            "HOME": folder,
            "TMPDIR": folder,
            "PSModulePath": _modules(),
            "PSModuleAnalysisCachePath": os.path.join(folder, "modules"),  # noqa: PTH118 - text
            "DOTNET_EnableDiagnostics": "0",
            "DOTNET_gcServer": "0",
            "DOTNET_GCgen0size": "0x4000000",  # bytes: short sessions seldom have to collect
            # a second, better compiling is no gain before a dozen stories, and halves later ones
            "DOTNET_TieredCompilation": "1" if self._lasting else "0",
            "DOTNET_TieredPGO": "0",  # measuring calls costs more than sessions gain by it
            "POWERSHELL_TELEMETRY_OPTOUT": "1",
            "POWERSHELL_UPDATECHECK": "Off",
        }
