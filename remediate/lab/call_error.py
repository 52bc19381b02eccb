"""How a function of a simulated host ends when it fails."""

from remediate.errors import RemediateError
from remediate.lab.state import Record
from remediate.powershell.messages import CallError

COR_E_EXCEPTION = -2146233087
E_ACCESSDENIED = -2147024891


class CallFailedError(RemediateError):
    """A function of the host ended with an error record.

    Args:
        error_id: what the controller knows it by.
        message: for people.
        detail: data that goes with it.
        exception: full name of the .NET type.
        category: PowerShell's category of the error.
        hresult: number of the error.
    """

    def __init__(
        self,
        error_id: str,
        message: str,
        detail: Record | None = None,
        exception: str = "Microsoft.PowerShell.Commands.WriteErrorException",
        category: str = "InvalidOperation",
        hresult: int = COR_E_EXCEPTION,
    ) -> None:
        super().__init__(error_id, message)
        self.record = CallError(
            exception=exception,
            message=message,
            hresult=hresult,
            error_id=error_id,
            category=category,
            line=1,
            detail=detail,
        )


def timed_out() -> CallFailedError:
    """What a command says that was given a limit, and has reached it."""
    return CallFailedError(
        "HRESULT 0x40004",
        "Timed out",
        exception="Microsoft.Management.Infrastructure.CimException",
        category="OperationTimeout",
    )


def no_such_command(name: str) -> CallFailedError:
    """What comes of a command that is not there."""
    return CallFailedError(
        "CommandNotFoundException",
        f"The term '{name}' is not recognized as the name of a function.",
        exception="System.Management.Automation.CommandNotFoundException",
        category="ObjectNotFound",
    )


def denied() -> CallFailedError:
    """What an account gets that may not do it."""
    return CallFailedError(
        "AccessDenied",
        "Access is denied.",
        exception="System.UnauthorizedAccessException",
        category="PermissionDenied",
        hresult=E_ACCESSDENIED,
    )
