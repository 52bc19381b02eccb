"""The command shell of WinRM, on pywinrm: for where the PowerShell endpoint is closed to us.

The same script and the same request, in a PowerShell that the shell starts as a program. pywinrm
writes and reads the messages; they are carried as those of PSRP are. What is started has nothing
to do until its input has ended: so only the last Send may begin to act.
"""

from functools import partial
from typing import Any, Final

from winrm.protocol import Protocol

from remediate.model.host import Host
from remediate.powershell import program
from remediate.powershell.messages import Reply, Request
from remediate.transport.conversation import IDLE_SECONDS, START_SECONDS, Conversation
from remediate.transport.errors import ProtocolError, TransportError
from remediate.transport.lean.soap import related
from remediate.transport.protocol import Deadline
from remediate.transport.started import Output, refuse_secrets
from remediate.transport.winrm import WinrmTransport

PIECE: Final = 300_000
"""Bytes of input in one message; Windows takes messages of 500 KiB, in which they are 400 KB."""

_UTF_8: Final = 65001


class WinrsTransport(WinrmTransport):
    """Makes sessions that speak to the command shell."""

    def session(self, host: Host) -> "WinrsSession":
        """A session that has sent nothing yet.

        Raises:
            WrongSettings: the host's settings cannot work.
        """
        return WinrsSession(self.conversation(host), self.max_reply)


class WinrsSession:
    """One command shell on one host, for one thread; a program in it for each script.

    Args:
        talk: the conversation with the host.
        max_reply: characters after which the host is cut off.
    """

    def __init__(self, talk: Conversation, max_reply: int) -> None:
        self._talk = talk
        self._max_reply = max_reply
        self._shell: _Shell | None = None

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        """Run one program; see the protocol. A session that failed opens a new shell first.

        Raises:
            WrongSettings: the request has secrets; nothing was sent.
        """
        refuse_secrets(self._talk.host, request)
        with self._talk.turn():
            return self._program(self._ready(deadline), script, request)

    def close(self) -> None:
        """End the shell, what runs in it, and the connection; see the protocol."""
        shell, self._shell = self._shell, None
        self._talk.close(shell.delete if shell else None)

    def _ready(self, deadline: Deadline) -> "_Shell":
        """The open shell, rid of the program before, or a new one."""
        talk = self._talk
        if not talk.fresh:
            self.close()
        talk.begin(deadline, self._max_reply)
        if self._shell is not None:
            talk.allow(START_SECONDS)
            self._shell.forget()
            return self._shell
        messages = _Messages(talk)
        self._shell = talk.create(partial(_opened, messages))
        talk.opened = True
        return self._shell

    def _program(self, shell: "_Shell", script: str, request: Request) -> Reply:
        talk = self._talk
        given = program.standard_input(script, request)
        talk.allow(START_SECONDS)
        shell.start()
        for start in range(0, len(given), PIECE):
            talk.allow(START_SECONDS)
            end = start + PIECE >= len(given)
            if end:
                talk.may_act()
            shell.send(given[start : start + PIECE], end=end)
        talk.bound(request)
        output = Output(talk.host.name, request)
        try:
            self._collect(shell, output)
        except TransportError as error:
            error.partial = output.part()
            raise
        except Exception as error:
            problem = talk.problem(error)
            problem.partial = output.part()
            raise problem from error
        return talk.told(output.reply())

    def _collect(self, shell: "_Shell", output: Output) -> None:
        """Wait for the end of the program, and keep what it puts out."""
        done = False
        while not done:
            got = self._talk.receive(shell.receive)
            if got is not None:
                stdout, stderr, output.exit_code, done = got
                output.stdout += stdout
                output.stderr += stderr
            if len(output.stdout) + len(output.stderr) > self._max_reply:
                raise self._talk.error(ProtocolError, "it sends more than a reply can be")


class _Messages(Protocol):
    """pywinrm's messages, carried by a client of ours; its own HTTP is never used.

    Args:
        talk: carries them.
    """

    def __init__(self, talk: Conversation) -> None:
        super().__init__("http://carried/wsman", username="-", password="", proxy=None)
        self._talk = talk
        self._client = talk.client

    def build_wsman_header(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - pywinrm's own
        """The head of a message, with as much time as the conversation allows it."""
        self.operation_timeout_sec = self._client.operation_timeout
        head: dict[str, Any] = super().build_wsman_header(*args, **kwargs)
        return head

    def send_message(self, message: str) -> bytes:
        """Exchange one message."""
        data = message.encode()
        return self._talk.drive(self._client.carry(data, partial(related, data)))


class _Shell:
    """An open shell and the program in it.

    Args:
        messages: what is said to it.
        name: what the host calls it.
    """

    def __init__(self, messages: _Messages, name: str) -> None:
        self._messages = messages
        self._name = name
        self._program = ""

    def start(self) -> None:
        """Start PowerShell; its input is to be a pipe, which can end, and no console."""
        self._program = self._messages.run_command(
            self._name, "powershell.exe", program.arguments(), console_mode_stdin=False
        )

    def send(self, data: bytes, *, end: bool) -> None:
        """Send a piece of its input, and end it with the last."""
        self._messages.send_command_input(self._name, self._program, data, end=end)

    def receive(self) -> tuple[bytes, bytes, int, bool]:
        """What it has put out and said, its exit code, and whether it has ended."""
        got: tuple[bytes, bytes, int, bool]
        got = self._messages.get_command_output_raw(self._name, self._program)
        return got

    def forget(self) -> None:
        """Have the host forget a program that has ended: it counts against a quota until then."""
        if self._program:
            self._messages.cleanup_command(self._name, self._program)
            self._program = ""

    def delete(self) -> None:
        """End the shell, and whatever runs in it."""
        self._messages.close_shell(self._name, close_session=False)


def _opened(messages: _Messages) -> _Shell:
    """A new shell. The host names it: one whose name is lost ends by being idle."""
    name = messages.open_shell(noprofile=True, codepage=_UTF_8, idle_timeout=f"PT{IDLE_SECONDS}S")
    return _Shell(messages, name)
