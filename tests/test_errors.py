"""Every error of the package says the same in another process."""

import importlib
import inspect
import pickle
import pkgutil
import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import remediate
from remediate.errors import RemediateError
from remediate.inventory.document import Place
from remediate.model.certificate import Certificate

SAMPLES: dict[Any, Any] = {
    str: "a text",
    int: 7,
    int | str | None: 7,
    bool: True,
    bytes: b"some bytes",
    HTTPStatus: HTTPStatus.BAD_REQUEST,
    Path | str: Path("a/path"),
    Place: Place(3, 5),
    Certificate | None: Certificate(pin=f"sha256:{64 * '0'}"),
    Sequence[str]: ["one", "two"],
    tuple[str, ...]: ("one", "two"),
    dict[str, Any] | None: {"a": 1},
}
"""A value for each type that an error takes; whoever adds an error may have to add one here."""


OF_EXTRAS = {"gssapi"}
"""What is not there where nobody can ask for it: it needs a library of the system."""


def packages() -> Iterator[str]:
    """All modules; what an extra would need to be installed for is part of it in the tests."""
    for module in pkgutil.walk_packages(remediate.__path__, "remediate."):
        if not re.search(r"\.(_playbooks|migrations|__main__)", module.name):
            yield module.name


def kinds() -> list[type[BaseException]]:
    found: dict[type[BaseException], None] = {}
    for name in packages():
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name not in OF_EXTRAS:
                raise
            continue
        for value in vars(module).values():
            ours = inspect.isclass(value) and value.__module__.startswith("remediate.")
            if ours and issubclass(value, BaseException):
                found[value] = None
    return list(found)


def made(kind: type[BaseException]) -> BaseException:
    """One with every argument that its class takes."""
    own = inspect.signature(kind.__init__).parameters if "__init__" in _said(kind) else {}
    if not own:
        return kind("a text")
    types = get_type_hints(kind.__init__)
    names = [name for name in own if name != "self"]
    given = [(own[name].kind, name, SAMPLES[types[name]]) for name in names]
    several = [value for how, _, value in given if how is inspect.Parameter.VAR_POSITIONAL]
    only = inspect.Parameter.KEYWORD_ONLY
    return kind(
        *(value for how, _, value in given if how is inspect.Parameter.POSITIONAL_OR_KEYWORD),
        *several,
        **{name: value for how, name, value in given if how is only},
    )


def _said(kind: type) -> set[str]:
    """The names that our own classes among its ancestors define."""
    ours = (base for base in kind.__mro__ if base.__module__.startswith("remediate."))
    return {name for base in ours for name in vars(base)}


KINDS = [
    pytest.param(
        kind,
        id=kind.__name__,
        marks=[pytest.mark.kerberos] if kind.__module__.endswith(".kerberos") else [],
    )
    for kind in kinds()
]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_the_same_in_another_process(kind: type[BaseException]) -> None:
    error = made(kind)
    error.add_note("seen on SRV01")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(again) is kind
    assert (str(again), repr(again)) == (str(error), repr(error))
    assert (again.args, vars(again)) == (error.args, vars(error))
    if isinstance(error, OSError):
        assert (again.errno, again.filename) == (error.errno, error.filename)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_one_of_ours(kind: type[BaseException]) -> None:
    """So that one derived from any of them survives as well, and a caller can catch them all."""
    assert issubclass(kind, RemediateError)
