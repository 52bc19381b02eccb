"""PowerShell on this machine, played by a real engine that has the lab's stand-in commands."""

from pathlib import Path

from remediate.lab.engines.path import find_pwsh
from remediate.lab.engines.pool import EnginePool
from remediate.lab.engines.windows_host import WindowsHost
from remediate.lab.state import HostState
from remediate.powershell.program import loader
from remediate.testing.local import without_seal
from remediate.transport.local import LAST
from remediate.transport.process import Command, Ran, run_to_end
from remediate.transport.protocol import Deadline

UNSEALS = """function ConvertTo-SecureString {
    param([string] $String)
    $secure = New-Object -TypeName System.Security.SecureString
    for ($at = 0; $at -lt $String.Length; $at += 4) {
        $unit = $String.Substring($at + 2, 2) + $String.Substring($at, 2)
        $secure.AppendChar([char] [System.Convert]::ToInt32($unit, 16))
    }
    return $secure
}
"""
"""Takes the place of the command, which needs DPAPI of Windows: there is no seal here."""


class EnginePowerShell:
    """A real PowerShell with the loader, on a stand-in Windows.

    Args:
        state: what that is like.
        folder: its files, and what the engine writes besides.
    """

    def __init__(self, state: HostState, folder: Path) -> None:
        program = find_pwsh()
        assert program is not None
        self._folder = folder
        self._pool = EnginePool(program, folder)
        place = folder / "windows"
        place.mkdir()
        self._host = WindowsHost(state, place)
        self.runs: list[Ran] = []

    def run(self, given: bytes, deadline: Deadline, most: int) -> Ran:
        """Run one to its end; see the protocol."""
        self._host.write()
        argv, environment = self._pool.command(UNSEALS + loader(), self._host.variables())
        ran = run_to_end(Command(argv, environment, self._folder), given, LAST, deadline, most)
        self._host.read()
        self.runs.append(ran)
        return ran

    def seal(self, secret: str) -> str:
        """A secret in its form, without a seal; see the protocol."""
        return without_seal(secret)
