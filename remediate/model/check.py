"""What is found on the way to a host, step by step."""

from enum import StrEnum

from remediate.model.base import Model
from remediate.model.certificate import Certificate


class StepName(StrEnum):
    """The steps, in their order. Without TLS there is no step for it."""

    NAME = "name"
    PORT = "port"
    TLS = "tls"
    WINRM = "winrm"
    LOGON = "logon"
    SHELL = "shell"
    POWERSHELL = "powershell"
    ADMINISTRATOR = "administrator"
    ROOM = "room"
    CLOCK = "clock"


class StepState(StrEnum):
    """How a step went."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_TRIED = "not_tried"


class CheckStep(Model):
    """One step on the way to a host.

    Args:
        step: which one.
        state: how it went; after the first that failed none is tried.
        seen: what was found, or why it failed, in words.
        ms: how long it took; None where it was not tried, or took no exchange of its own.
        certificate: what the host shows in TLS.
        language_mode: what PowerShell lets scripts do there (`FullLanguage`).
        rights: those of the account there: `administrator`, `filtered` (by UAC) or `none`.
        free: bytes free where lease and receipts are written.
    """

    step: StepName
    state: StepState
    seen: str = ""
    ms: int | None = None
    certificate: Certificate | None = None
    language_mode: str | None = None
    rights: str | None = None
    free: int | None = None
