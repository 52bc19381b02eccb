"""The host dies between any two things that a write does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

from remediate.testing.transport import MemoryTransport
from remediate.transport.errors import ConnectionLost


@contextmanager
def dying(
    monkeypatch: pytest.MonkeyPatch,
    transport: MemoryTransport,
    at: int,
    *things: tuple[type | ModuleType, str],
) -> Iterator[list[int]]:
    """The host dies before the n-th thing that a write does, and does none of the rest of it.

    Args:
        monkeypatch: takes it back.
        transport: how the host is talked to.
        at: the number of the thing, from 1.
        things: functions, each with what it stands in.

    Yields:
        How many things were begun, in a list.
    """
    done, dead = [0], [-1]

    def counted(of: type | ModuleType, name: str) -> Callable[..., Any]:
        real = getattr(of, name)

        def do(*args: Any, **more: Any) -> Any:
            done[0] += 1
            if done[0] == at:
                dead[0] = len(transport.requests)
            if dead[0] == len(transport.requests):
                raise ConnectionLost("it has died", after_send=True)
            return real(*args, **more)

        return do

    with monkeypatch.context() as patched:
        for of, name in things:
            patched.setattr(of, name, counted(of, name))
        yield done
