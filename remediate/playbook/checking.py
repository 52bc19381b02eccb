"""All that is wrong with playbooks in files: in their text, and then when they run."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from remediate.files import written_by_others
from remediate.playbook.catalogue import Catalogue, entries, faults, in_folder
from remediate.playbook.loader import PlaybookError, PlaybookFile


def mistakes(paths: Sequence[Path], known: Catalogue, *, allow_open: bool = False) -> Iterator[str]:
    """All mistakes of some playbooks, each with its place.

    A file whose text has none is run, as it is when its playbook is asked for; but not one that
    others may write to.

    Args:
        paths: their files.
        known: the other playbooks there are.
        allow_open: also run a file that others may write to.
    """
    ids = {entry.id: entry for entry in known.entries.values() if entry.path not in set(paths)}
    for path in paths:
        try:
            file = PlaybookFile.read(path)
            wrong = faults(file)
            yield from wrong
            if wrong:
                continue
            for entry in entries(file):
                other = ids.setdefault(entry.id, entry)
                if other is not entry:
                    yield f"{entry.place}: the id {entry.id} is that of {other.place}: rename one"
            yield from _when_it_runs(file, allow_open=allow_open)
        except PlaybookError as error:
            yield str(error)


def files(place: Path) -> list[Path]:
    """The files of playbooks in a folder; a file is its own.

    Raises:
        PlaybookError: there are none, or the folder cannot be read.
    """
    return [place.absolute()] if place.is_file() else [one.absolute() for one in in_folder(place)]


def _when_it_runs(file: PlaybookFile, *, allow_open: bool) -> Iterator[str]:
    for place in () if allow_open else (file.path, file.path.parent):
        if why := written_by_others(place.stat()):
            yield f"{file.path}:1: it was not run: {why} ({place}): chmod go-w {place}"
            return
    for entry in entries(file):
        try:
            entry.load()
        except PlaybookError as error:
            yield str(error)
