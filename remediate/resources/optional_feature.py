"""Features of Windows that can be switched on, by the names that DISM has for them."""

from enum import IntEnum
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from remediate.resources.base import Query, Resource

FeatureName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,128}$")]
"""Nothing in it has to be escaped in a query."""


class FeatureState(IntEnum):
    """Win32_OptionalFeature.InstallState."""

    ENABLED = 1
    DISABLED = 2
    ABSENT = 3
    UNKNOWN = 4


class OptionalFeature(Resource):
    """A feature that this Windows knows. It can only be looked at.

    Args:
        name: as DISM has it (`WindowsServerBackup`), which is not Server Manager's name.
        state: whether it is switched on.
    """

    kind: ClassVar[str] = "optional_feature"
    noun: ClassVar[str] = "Windows feature"
    function: ClassVar[str] = "OptionalFeature"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    identity: ClassVar[tuple[str, ...]] = ("name",)
    settable: ClassVar[frozenset[str]] = frozenset()

    name: str
    state: FeatureState


class OptionalFeatures(Query):
    """Some features; one that this Windows does not know is not answered.

    Args:
        names: as DISM has them.
    """

    resource: ClassVar[type[Resource]] = OptionalFeature

    names: tuple[FeatureName, ...] = Field(min_length=1)
