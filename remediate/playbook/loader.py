"""The file of a playbook. Its text is read once, and what was read is what is checked and runs.

So neither bytecode that lies beside it nor what somebody writes there meanwhile can run in its
place. Python itself would look for bytecode first, and would read the file a second time.
"""

import ast
import hashlib
import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from remediate.errors import RemediateError
from remediate.files import read_bounded
from remediate.model.text import hidden_in

if TYPE_CHECKING:
    from remediate.playbook.base import Playbook

MAX_SIZE = 64 * 1024
"""Bytes. What Python needs to read a text may grow with the square of its size: here 1 GB."""

MAX_LINE = 1000
"""Characters; nobody reads a line to its end that is longer."""

_PACKAGE = "remediate_playbooks"


class PlaybookError(RemediateError):
    """A playbook cannot be found or used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class PlaybookFile:
    """What a file held when it was read.

    Args:
        path: the file, absolute.
        text: all of it, with line ends as Python sees them.
    """

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> "PlaybookFile":
        """Read a file.

        Raises:
            PlaybookError: it cannot be read, or holds what nobody could have looked through.
        """
        path = path.absolute()
        try:
            text = read_bounded(path, MAX_SIZE).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            lines = error.object.count(b"\n", 0, error.start)
            raise PlaybookError(f"{path}:{lines + 1}: it is not text in UTF-8") from error
        except OSError as error:
            raise PlaybookError(f"{path}: {error.strerror}") from error
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > MAX_LINE:
                raise PlaybookError(
                    f"{path}:{number}: the line has more than {MAX_LINE} characters"
                )
            if hidden := hidden_in(line, but="\t\f"):
                raise PlaybookError(
                    f"{path}:{number}: the line has a character that cannot be seen "
                    f"(U+{ord(hidden):04X}): take it out, or write it as an escape"
                )
        return cls(path, text)

    def tree(self) -> ast.Module:
        """Its text as Python understands it. Nothing of it runs.

        Raises:
            PlaybookError: it is not Python.
        """
        tree: ast.Module = self._compiled(ast.PyCF_ONLY_AST)
        return tree

    def playbook(self, class_name: str) -> "Playbook[Any]":
        """A playbook in it. The text runs when it is asked for the first.

        Args:
            class_name: its class.

        Raises:
            PlaybookError: the text cannot run, or makes something else of the class.
        """
        from remediate.playbook.base import Playbook  # noqa: PLC0415 - `list` need not wait for it

        with _told(self.path):
            kind = getattr(self._module(), class_name, None)
            if not (isinstance(kind, type) and issubclass(kind, Playbook)):
                raise PlaybookError(f"{self.path}: {class_name} is no playbook when it has run")
            return kind()

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process it runs as it ran here: what it defines is pickled by its name."""
        return run_again, (self.path, self.text)

    def _module(self) -> ModuleType:
        """What the text makes when it runs: once in a process, under a name of its own."""
        if self not in _RUN:
            code: CodeType = self._compiled()
            package = sys.modules.setdefault(_PACKAGE, ModuleType(_PACKAGE))
            package.__path__ = []  # the name of each is below it, where it cannot shadow anything
            mark = hashlib.sha256(f"{self.path}\n{self.text}".encode()).hexdigest()[:16]
            module = ModuleType(f"{_PACKAGE}.{self.path.stem}_{mark}")
            module.__file__ = str(self.path)
            module.__package__ = _PACKAGE
            sys.modules[module.__name__] = module
            try:
                exec(code, module.__dict__)  # noqa: S102 - a playbook is code, and this one was asked for
            except BaseException:
                sys.modules.pop(module.__name__, None)
                raise
            _RUN[self] = module
        return _RUN[self]

    def _compiled(self, flags: int = 0) -> Any:  # noqa: ANN401 - a tree or code, by the flags
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python would print them, and the line, as it is
                return compile(self.text, str(self.path), "exec", flags, dont_inherit=True)
        except SyntaxError as error:
            raise PlaybookError(f"{self.path}:{error.lineno or 1}: {error.msg}") from error
        except (RecursionError, MemoryError) as error:
            raise PlaybookError(f"{self.path}: its code is nested too deeply") from error


_RUN: dict[PlaybookFile, ModuleType] = {}


def running() -> Iterator[PlaybookFile]:
    """The files that have run in this process."""
    yield from _RUN


def file_of(playbook: "Playbook[Any]") -> PlaybookFile | None:
    """The file that a playbook was made from; None when it is from none that has run here."""
    module = sys.modules.get(type(playbook).__module__)
    return next((file for file, made in _RUN.items() if made is module), None)


def run_again(path: Path, text: str) -> PlaybookFile:
    """A file as it ran in another process: what it defines is known in this one, too.

    Args:
        path: the file, which is not read.
        text: what it held there.

    Raises:
        PlaybookError: the text cannot run here.
    """
    file = PlaybookFile(path, text)
    with _told(path):
        file._module()  # noqa: SLF001 - it is part of how a file is made
    return file


def told(playbook: "Playbook[Any]") -> AbstractContextManager[None]:
    """Whatever goes wrong while a playbook is asked for something is told with its line."""
    return _told(Path(str(sys.modules[type(playbook).__module__].__file__)))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (PlaybookError, KeyboardInterrupt):
        raise
    except BaseException as error:  # an author may derive his own from that
        ends = isinstance(error, SystemExit)
        text = "it ends the program" if ends else str(error) or "it fails while it is loaded"
        raise PlaybookError(f"{path}:{_line(error, path)}: {text}") from error


def _line(error: BaseException, path: Path) -> int:
    """The last line of `path` that an error passed through."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
