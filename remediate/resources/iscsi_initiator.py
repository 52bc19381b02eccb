"""The device of the Microsoft iSCSI initiator, as Device Manager knows it."""

from pathlib import Path
from typing import ClassVar

from remediate.resources.base import Query, Resource


class IscsiInitiator(Resource):
    r"""A device whose id begins with `ROOT\ISCSIPRT`. It can only be looked at.

    Args:
        device: its PNPDeviceID.
        error_code: ConfigManagerErrorCode: 0 is well, 22 disabled, 28 no driver.
    """

    kind: ClassVar[str] = "iscsi_initiator"
    noun: ClassVar[str] = "iSCSI initiator"
    function: ClassVar[str] = "IscsiInitiator"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    identity: ClassVar[tuple[str, ...]] = ("device",)
    settable: ClassVar[frozenset[str]] = frozenset()

    device: str
    error_code: int


class IscsiInitiators(Query):
    """All of them: one on a healthy host."""

    resource: ClassVar[type[Resource]] = IscsiInitiator
