"""A shell of pypsrp's that looks at what comes before it reads it."""

from typing import Any

from pypsrp.complex_objects import ObjectMeta
from pypsrp.powershell import RunspacePool
from pypsrp.serializer import Serializer

from remediate.transport.markup import MAX_TAGS, look_at


class CarefulPool(RunspacePool):
    """A shell of pypsrp's whose messages are looked at before they are read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(*args, **kwargs)
        self._careful = _CarefulSerializer()
        self._serializer = self._fragmenter.serializer = self._careful

    def expect(self) -> None:
        """Another script is about to be run."""
        self._careful.tags = 0


class _CarefulSerializer(Serializer):
    tags = 0

    def deserialize(
        self,
        element: Any,  # noqa: ANN401 - pypsrp's own
        metadata: ObjectMeta | None = None,
        clear: bool = True,
    ) -> Any:  # noqa: ANN401 - as above
        if isinstance(element, str):
            self.tags += look_at(element, MAX_TAGS - self.tags)
        return super().deserialize(element, metadata, clear)
