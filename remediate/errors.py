"""What all errors of this package have in common."""

from typing import Any


class RemediateError(Exception):
    """Any error of this package. It crosses the border of a process whole.

    Python would make it anew from its arguments, which are often not those that its class takes.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        made: Any = super().__reduce__()  # of a file's error the arguments are more than `args`
        return _again, (type(self), made[1], self.__dict__.copy())


def _again(
    kind: type[RemediateError], arguments: tuple[Any, ...], said: dict[str, Any]
) -> RemediateError:
    own: Any = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    error = kind.__new__(kind, *arguments)
    own.__init__(error, *arguments)
    error.__dict__.update(said)
    return error
