"""Changes that need time after their write has returned, and how far they are."""

from typing import Self

from pydantic import Field, model_validator

from remediate.model.base import Model


class Settling(Model):
    """How a change comes about that needs more time than a write may take.

    Args:
        most: seconds that it may take in all; after that the host's state is unknown.
        again: a write does a part, and is sent again with what was read, until nothing is left.
            Otherwise the write starts work that needs no session, and the host is looked at again.
        pause: seconds before the host is looked at again; each pause is twice as long as the one
            before, up to a minute. With `again`, only where a part has not moved anything.
        away: the host may be away meanwhile.
    """

    most: float = Field(gt=0)
    again: bool = False
    pause: float = Field(default=5.0, gt=0)
    away: bool = False


class Progress(Model):
    """How far a change is that is under way.

    Args:
        done: how much of it.
        total: of how much; 0 when that is not known.
        unit: of what (`files`); may be empty.
        failed: why it will not come about any more; empty while it may.
    """

    done: int = Field(ge=0)
    total: int = Field(ge=0)
    unit: str = ""
    failed: str = ""

    @model_validator(mode="after")
    def _is_a_part(self) -> Self:
        if self.total and self.done > self.total:
            msg = f"{self.done} of {self.total} cannot be done"
            raise ValueError(msg)
        return self

    def __str__(self) -> str:
        amount = f"{self.done:,} of {self.total:,}" if self.total else f"{self.done:,}"
        return f"{amount} {self.unit}".rstrip()
