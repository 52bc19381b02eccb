"""What PowerShell says of a script that it has not run, or has ended: an error of ours."""

from typing import Final

from remediate.transport import errors

_NOT_RUN: Final[dict[str, type[errors.RemoteError]]] = {
    "ScriptContainedMaliciousContent": errors.ScriptBlocked,  # AMSI calls it malicious
    "ScriptsNotAllowed": errors.ScriptsNotAllowed,  # no-language mode
    "MethodInvocationNotSupportedInConstrainedLanguage": errors.ConstrainedLanguage,  # our loader
}
"""Error ids with which PowerShell refuses a script (its resource ParserStrings), in whatever
language its text is."""


def of_script(host: str, text: str, error_id: str, exception: str, line: int) -> errors.RemoteError:
    """The error of a script that PowerShell has ended.

    Args:
        host: name of the host.
        text: what it says of it, in its language.
        error_id: the FullyQualifiedErrorId.
        exception: full name of the .NET type.
        line: of the script, 0 when it is not known.
    """
    error = _NOT_RUN.get(error_id.partition(",")[0], errors.RemoteError)
    return error(host, text, exception=exception, line=line)
