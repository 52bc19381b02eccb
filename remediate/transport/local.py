"""This machine itself, without WinRM: for a server on which that is broken.

The same script and the same request, in a Windows PowerShell that is started as a program; its
input and output are pipes, which nobody else has. It has nothing to do until its input has ended.
Secrets in it are sealed, as what a policy has PowerShell log may hold what its commands are given.
"""

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from remediate.model.host import Host
from remediate.powershell import program
from remediate.powershell.messages import Reply, Request
from remediate.transport.errors import (
    ProtocolError,
    RemoteError,
    TimedOut,
    TransportError,
    WrongSettings,
)
from remediate.transport.process import Command, Ran, run_to_end
from remediate.transport.protocol import LATE_SECONDS, Deadline
from remediate.transport.sealing import seal
from remediate.transport.started import Output

LAST: Final = len(program.WHOLE) + 1
"""Bytes at the end of the input without which the loader runs nothing."""

NOT_HERE: Final = "Run remediate on the server itself, or give the name by which WinRM reaches it."

_NOT_STARTED: Final = (
    "AppLocker, a software restriction or a security product may keep this account from starting "
    "Windows PowerShell; nothing was run."
)

_DEBUG: Final = "Run again with --debug, and report what that shows."

_PASSED_ON: Final = (
    *("ALLUSERSPROFILE", "APPDATA", "COMPUTERNAME", "CommonProgramFiles", "CommonProgramW6432"),
    *("HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "LOGONSERVER", "NUMBER_OF_PROCESSORS", "OS"),
    *("PROCESSOR_ARCHITECTURE", "PUBLIC", "ProgramData", "ProgramFiles(x86)", "SystemDrive"),
    *("TEMP", "TMP", "USERDNSDOMAIN", "USERDOMAIN", "USERNAME", "USERPROFILE"),
)
"""Variables that Windows itself has set. No other is passed on: one may hold a secret, or lead to
what somebody else has put there."""


class PowerShell(Protocol):
    """PowerShell on this machine, as a program with the loader on its command line."""

    def run(self, given: bytes, deadline: Deadline, most: int) -> Ran:
        """Run one to its end; it, and all that it has started, has ended afterwards.

        Args:
            given: its standard input.
            deadline: by when it has to end.
            most: bytes of output after which it is ended.

        Raises:
            OSError: it does not start.
        """

    def seal(self, secret: str) -> str:
        """A secret as its `ConvertTo-SecureString` takes it.

        Raises:
            OSError: it cannot be sealed.
        """


class WindowsPowerShell:
    """The one that is part of Windows.

    Args:
        windows: the folder that Windows is in.
        programs: the folder of its 64-bit programs.
    """

    def __init__(self, windows: Path, programs: Path) -> None:
        self._windows = windows
        self._programs = programs

    def run(self, given: bytes, deadline: Deadline, most: int) -> Ran:
        """Run one to its end; see the protocol."""
        environment = variables(self._windows, self._programs, os.environ)
        argv = (str(executable(self._windows)), *program.arguments())
        command = Command(argv, environment, self._windows / "System32")
        return run_to_end(command, given, LAST, deadline, most)

    def seal(self, secret: str) -> str:
        """A secret that only this account opens; see the protocol."""
        return seal(secret)


def windows_powershell() -> WindowsPowerShell:
    """The one of this machine.

    Raises:
        LookupError: this is no Windows.
    """
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - only here
        import winreg  # noqa: PLC0415 - only here

        # what the environment says of it, somebody else may have said
        room = ctypes.create_unicode_buffer(260)
        ctypes.windll.kernel32.GetSystemWindowsDirectoryW(room, len(room))
        key, access = r"SOFTWARE\Microsoft\Windows\CurrentVersion", winreg.KEY_WOW64_64KEY
        with winreg.OpenKey(
            winreg.HKEY_LOCAL_MACHINE, key, access=winreg.KEY_READ | access
        ) as opened:
            programs, _ = winreg.QueryValueEx(opened, "ProgramFilesDir")
        return WindowsPowerShell(Path(room.value), Path(programs))
    system = platform.system() or "another system"
    raise LookupError(
        f"local, or --host ., works on the Windows server itself, and this is {system}"
    )


def executable(windows: Path) -> Path:
    """The program: never one that only the path or the working folder leads to.

    A 32-bit process on a 64-bit Windows, and only that, has Sysnative, and would find the 32-bit
    one in System32. https://learn.microsoft.com/windows/win32/winprog64/file-system-redirector
    """
    native = windows / "Sysnative"
    system = native if native.is_dir() else windows / "System32"
    return system / "WindowsPowerShell" / "v1.0" / "powershell.exe"


def variables(windows: Path, programs: Path, ours: Mapping[str, str]) -> dict[str, str]:
    """The environment of the program, as a 64-bit process has it.

    Modules are looked for where only administrators write. Windows PowerShell puts the user's own
    folder before these when it starts, so the loader, and what it starts, take it away again.
    https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_psmodulepath

    Args:
        windows: the folder that Windows is in.
        programs: the folder of its 64-bit programs.
        ours: the environment of this process.
    """
    known = {name: ours[name] for name in _PASSED_ON if name in ours}
    if "PROCESSOR_ARCHITEW6432" in ours:  # this process is a 32-bit one
        known["PROCESSOR_ARCHITECTURE"] = ours["PROCESSOR_ARCHITEW6432"]
    if "CommonProgramW6432" in known:
        known["CommonProgramFiles"] = known["CommonProgramW6432"]
    system = windows / "System32"
    shell = system / "WindowsPowerShell" / "v1.0"
    own = (system, windows, system / "Wbem", shell)
    modules = f"{programs / 'WindowsPowerShell' / 'Modules'};{shell / 'Modules'}"
    return {
        **known,
        "ProgramFiles": str(programs),
        "ProgramW6432": str(programs),
        "PSModulePath": modules,
        program.MODULES: modules,
        "ComSpec": str(system / "cmd.exe"),
        "PATH": ";".join(map(str, own)),
        "PATHEXT": ".COM;.EXE;.BAT;.CMD",
        "SystemRoot": str(windows),
        "windir": str(windows),
    }


class LocalSession:
    """PowerShell on this machine, for one thread; a program for each script.

    Args:
        host: this machine.
        powershell: how it is started; the one of this Windows when not given.
        max_reply: bytes of output after which it is ended.

    Raises:
        WrongSettings: this is no Windows.
    """

    def __init__(self, host: Host, powershell: PowerShell | None, max_reply: int) -> None:
        self._host = host
        self._max_reply = max_reply
        try:
            self._powershell = powershell or windows_powershell()
        except LookupError as error:
            raise WrongSettings(host.name, str(error), hint=NOT_HERE) from error

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        """Run one program; see the protocol."""
        host = self._host.name
        left = deadline.left
        if left <= 0:
            raise TimedOut(host, "the time for this host is used up")
        if request.seconds is not None:
            deadline = Deadline(min(left, request.seconds + LATE_SECONDS))
        given = program.standard_input(script, request, self._sealed(request))
        try:
            ran = self._powershell.run(given, deadline, self._max_reply)
        except OSError as error:
            text = f"Windows PowerShell does not start: {error.strerror or error}"
            failed = RemoteError(host, text, after_send=False)
            failed.hint = _NOT_STARTED
            raise failed from error
        return self._reply(request, ran)

    def close(self) -> None:
        """Nothing is left of a program that has ended."""

    def _sealed(self, request: Request) -> dict[str, str]:
        powershell = self._powershell
        try:
            secrets = request.secrets.items()
            return {name: powershell.seal(one.get_secret_value()) for name, one in secrets}
        except OSError as error:
            text = f"a secret value cannot be sealed for it: {error.strerror or error}"
            failed = RemoteError(self._host.name, text, after_send=False)
            failed.hint = "Nothing was run. Make this change by hand, or over --transport psrp."
            raise failed from error

    def _reply(self, request: Request, ran: Ran) -> Reply:
        host = self._host.name
        output = Output(host, request, ran.stdout, ran.stderr, ran.exit_code)
        if ran.too_much:
            text = "it puts out more than a reply can be"
            error: TransportError = ProtocolError(host, text, hint=_DEBUG, after_send=ran.begun)
        elif ran.late:
            error = TimedOut(host, hint="--timeout gives it longer.", after_send=ran.begun)
        else:
            return output.reply()
        error.partial = output.part()
        raise error
