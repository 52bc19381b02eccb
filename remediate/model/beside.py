"""What something that a run has left on a host stands beside."""

from collections.abc import Mapping

from remediate.model.base import Model


class Beside(Model):
    """What a run has written to, and left something beside.

    Args:
        kind: of resource (`old_files`).
        key: what identifies it, by name; of what was left a part, where that is all that is known.
    """

    kind: str
    key: dict[str, str]

    def is_of(self, other: "Beside") -> bool:
        """Whether it is what the other names, as Windows compares names."""
        return self.kind == other.kind and _folded(other.key).items() <= _folded(self.key).items()


def _folded(key: Mapping[str, str]) -> dict[str, str]:
    return {name: value.casefold() for name, value in key.items()}
