"""What a PowerShell that was started as a program has said, as a reply or an error."""

from dataclasses import dataclass, field

from remediate.model.host import Host
from remediate.powershell import program
from remediate.powershell.messages import (
    MalformedReplyError,
    Reply,
    Request,
    decode_part,
    decode_reply,
)
from remediate.transport.errors import (
    ConnectionLost,
    ProtocolError,
    RemoteError,
    TransportError,
    WrongSettings,
)
from remediate.transport.script_errors import of_script

WITHOUT_SECRETS = "Use --transport psrp, or make this change by hand."


def refuse_secrets(host: Host, request: Request) -> None:
    """See that a request has no secrets.

    Raises:
        WrongSettings: it has.
    """
    if request.secrets:
        raise WrongSettings(host.name, host.transport.refuses_secrets, hint=WITHOUT_SECRETS)


@dataclass
class Output:
    """The streams of a program.

    Args:
        host: name of the host.
        request: what it was asked.
        stdout: what it has put out.
        stderr: what it has said beside.
        exit_code: how it has ended.
    """

    host: str
    request: Request
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    exit_code: int = 0

    def reply(self) -> Reply:
        """The reply, when it has ended.

        Raises:
            TransportError: there is none.
        """
        try:
            told = program.outputs(bytes(self.stdout))
        except program.ScriptFailedError as failed:
            raise self._failed(failed) from None
        if not told:
            raise self._silent()
        try:
            return decode_reply(told, self.request)
        except MalformedReplyError as error:
            if self.exit_code:
                raise self._silent() from error
            raise ProtocolError(self.host, str(error), after_send=True) from error

    def part(self) -> Reply | None:
        """What had been answered when it broke off."""
        try:
            return decode_part(program.outputs(bytes(self.stdout), ended=False), self.request)
        except (MalformedReplyError, program.ScriptFailedError):
            return None

    def _failed(self, failed: program.ScriptFailedError) -> TransportError:
        if failed.cut_off:
            return ConnectionLost(self.host, "the script did not arrive whole, and was not run")
        return of_script(self.host, failed.message, failed.error_id, failed.exception, failed.line)

    def _silent(self) -> TransportError:
        """Of a program that ended without a reply."""
        said = program.complaint(bytes(self.stderr))
        if self.exit_code or said:
            text = said or f"PowerShell ended with exit code {self.exit_code}, and said nothing"
            return RemoteError(self.host, text)
        return ProtocolError(self.host, "the script ended and printed nothing", after_send=True)
