"""Lists that many own: each member is a resource of its own."""

from collections.abc import Mapping
from typing import Any, ClassVar

from remediate.model.base import JsonValue
from remediate.model.change import ResourceId
from remediate.resources.base import Query, Resource


class Member(Resource):
    """One of a list that has many owners, such as an excluded folder.

    Only members that we have added are taken back, and what others add is nobody's conflict. A
    subclass adds its identity; its query is a `Members`.

    Args:
        present: it is in the list.
    """

    settable: ClassVar[frozenset[str]] = frozenset({"present"})
    members: "ClassVar[type[Members]]"

    present: bool

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "Query":
        """The question that returns the list."""
        return cls.members.model_validate({name: key[name] for name in cls.members.model_fields})

    @classmethod
    def absent(cls, key: Mapping[str, str]) -> dict[str, JsonValue]:
        """A member that is not in its list."""
        return {**key, "present": False}

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """Whether it is in the list."""
        if name != "present":
            return super().label(name, value)
        return "in the list" if value else "not in the list"


class Members(Query):
    """All members of a list, or of that part of it that the fields name.

    A member that is not answered is not in the list.
    """

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        """Make it known to its kind.

        Raises:
            TypeError: it asks for a part of the list by something else than its members have.
        """
        super().__pydantic_init_subclass__(**kwargs)
        if not cls.model_fields.keys() <= set(cls.resource.identity):
            msg = f"the fields of {cls.__name__} have to be among the identity of its members"
            raise TypeError(msg)
        if issubclass(cls.resource, Member):
            cls.resource.members = cls

    def covers(self, wanted: ResourceId) -> bool:
        """Whether a member would be in the answer if it were in the list."""
        part = ResourceId(kind=self.resource.kind, key=self.model_dump(mode="json")).folded
        asked = part.key.items() <= wanted.folded.key.items()
        return wanted.kind == part.kind and asked
