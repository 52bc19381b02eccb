"""What was found, held against what should be there; said in words by `report` only."""

from remediate.model.base import JsonValue, Model
from remediate.model.change import ResourceId


class Difference(Model):
    r"""A property that is not as it should be, or a resource that is gone.

    Args:
        resource: what it is a property of.
        title: the resource in words (`task \Microsoft\OnlineBackup\Backup`).
        property: name of the property; empty when the resource itself is gone.
        expected: the value that it should have; None is absence.
        found: the value that it has; None is absence.
        expected_label: the expected value in words, when it says little by itself.
        found_label: the same of the value found.
        renews: any other value than before was expected, such as another process.
        untold: whether both values mean the same cannot be told.
    """

    resource: ResourceId
    title: str
    property: str = ""
    expected: JsonValue = None
    found: JsonValue = None
    expected_label: str | None = None
    found_label: str | None = None
    renews: bool = False
    untold: bool = False
