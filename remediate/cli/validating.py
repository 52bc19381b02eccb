"""What is wrong with the files that one gives to other commands, whatever they are for."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remediate.cli import settings_file
from remediate.cli.inventory_mistakes import mistakes as of_inventory
from remediate.cli.stop import Stop
from remediate.inventory.protocol import InventoryError
from remediate.model.text import count, in_quotes
from remediate.model.validation import CheckedFile, FileKind, Mistake

if TYPE_CHECKING:
    from remediate.inventory.document import Node
    from remediate.inventory.protocol import Trust
    from remediate.playbook.catalogue import Catalogue

_MAX_BYTES = 2 * 1024 * 1024
_KEY = re.compile(r"^[\"']?([A-Za-z_]\w*)[\"']?[ \t]*:", re.MULTILINE | re.ASCII)
_PLACE = re.compile(r"(.+?):(\d+)(?::(\d+))?: (.*)", re.DOTALL)
_PLAN = re.compile(rb'"type"\s*:\s*"plan"|\{"created":"[^"]*","digest":"sha256:')
"""In a saved plan; it may have been cut off behind its beginning, as by a full disk."""
_OF_INVENTORIES = {"hosts", "groups", "defaults", "_meta"}
_ONCE_CORRECTED = "once what is wrong with it is corrected"


@dataclass(frozen=True, slots=True)
class Validator:
    """Looks files through, as the other commands read them. Connects to no host.

    Args:
        trust: how far inventories are believed.
        known: the playbooks there are.
        now: the time.
        kind: what all files are for; told by what they hold when None.
        elsewhere: ids of playbooks that are not among those known and are not to be run.
    """

    trust: "Trust"
    known: "Catalogue"
    now: datetime
    kind: FileKind | None = None
    elsewhere: frozenset[str] = frozenset()

    def check_all(self, files: Sequence[str]) -> Iterator[CheckedFile]:
        """What is wrong with files or folders, and with those that they name, each once.

        Args:
            files: as one names them to other commands; an inventory may have its format before it.
        """
        looked_at = {Path(named).absolute() for named in files}
        for named in files:
            checked, found = self._check(named)
            yield checked
            if found.waivers and found.waivers.absolute() not in looked_at:
                looked_at.add(found.waivers.absolute())
                there = replace(self, kind=FileKind.WAIVERS, elsewhere=found.playbooks)
                yield from there.check_all((str(found.waivers),))

    def _check(self, named: str) -> "tuple[CheckedFile, _Found]":
        kind = self.kind or kind_of(named)
        looks: Mapping[FileKind, Callable[[str], _Found]] = {
            FileKind.INVENTORY: self._inventory,
            FileKind.WAIVERS: self._waivers,
            FileKind.SETTINGS: self._settings,
            FileKind.PLAYBOOKS: self._playbooks,
            FileKind.PLAN: self._plan,
        }
        lost = _leads_nowhere(named)
        found = _Found((lost,)) if lost else looks[kind](named)
        checked = CheckedFile(
            file=named,
            kind=kind,
            mistakes=tuple(_placed(text, named) for text in found.mistakes),
            notes=tuple(found.notes),
            holds="" if found.mistakes else found.holds,
        )
        return checked, found

    def _inventory(self, named: str) -> "_Found":
        from remediate.inventory.opening import open_inventory

        try:
            found = open_inventory(named, self.trust)
        except InventoryError as error:
            what = "whether its hosts can be connected to, and its parameters of playbooks,"
            read = any(text.startswith(f"{named}:") for text in error.mistakes)
            notes = [f"{named}: {what} is looked at {_ONCE_CORRECTED}"] if read else []
            return _Found(error.mistakes, notes)
        wrong = tuple(of_inventory(found, self.known))
        holds = f"{count(len(found.entries()), 'host')}, {count(len(found.groups()), 'group')}"
        return _Found(wrong, found.notes, holds)

    def _waivers(self, named: str) -> "_Found":
        from remediate.inventory.waivers import open_waivers
        from remediate.model.waiver import end_of

        ended: list[str] = []

        def look(at: str, said: Mapping[str, Any]) -> str:
            if said.get("expires") and end_of(said["expires"]) <= self.now:
                ended.append(f"{at}: this waiver has expired")
            return self._unknown(said.get("playbook"), said.get("rule"))

        try:
            found = open_waivers(named, look)
        except InventoryError as error:
            return _Found(error.mistakes, ended)
        return _Found((), ended, count(len(found), "waiver"))

    def _unknown(self, playbook: str | None, rule: str | None) -> str:
        """Why no playbook can find what a waiver is about; empty when one can, or nobody knows."""
        if playbook in self.elsewhere:
            return ""
        names: Sequence[str] = list(self.known.entries)
        what, said = "playbook", playbook
        if playbook and playbook in names:
            names = self.known.load(playbook).rules
            what, said = f"rule of {playbook}", rule
            if not names or re.search(r"[*?[]", rule or ""):
                return ""
        if said is None or said in names:
            return ""
        near = get_close_matches(said, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
        return f"there is no {what} {in_quotes(said)}: {hint}"

    def _playbooks(self, named: str) -> "_Found":
        from remediate.playbook.checking import files, mistakes
        from remediate.playbook.loader import PlaybookError

        try:
            paths = files(Path(named))
        except PlaybookError as error:
            return _Found((str(error),))
        wrong = mistakes(paths, self.known, allow_open=self.trust.allow_open)
        return _Found(
            tuple(wrong), (), count(len(paths), "file of playbooks", "files of playbooks")
        )

    def _plan(self, named: str) -> "_Found":
        from remediate.cli import saved_plans

        try:
            plan = saved_plans.read(named, vouched=self.trust.allow_open)
        except Stop as stop:
            note = f"{named}: whether it still counts is looked at {_ONCE_CORRECTED}"
            return _Found((stop.in_a_list,), (note,))
        looks: tuple[Callable[[], object], ...] = (
            partial(saved_plans.require_in_force, plan, named, None, self.now),
            partial(saved_plans.require_plain, plan, named),
            partial(saved_plans.require_known, plan, self.known, named),
            *(partial(saved_plans.saved, one, named) for one in plan.hosts if one.has_changes),
        )
        return _Found(
            tuple(why for look in looks if (why := _why_not(look))),
            (),
            count(len(plan.hosts), "host"),
        )

    def _settings(self, named: str) -> "_Found":
        try:
            found = settings_file.read_settings(named, own=False)
        except InventoryError as error:
            note = f"{named}: the files that it names are looked at {_ONCE_CORRECTED}"
            return _Found(error.mistakes, (note,))
        except Stop as stop:
            return _Found((stop.in_a_list,))
        return _with_named(found, named)


@dataclass(frozen=True, slots=True)
class _Found:
    """What is wrong with a file, what else is to be known, and what it holds.

    Args:
        mistakes: with their places.
        notes: in sentences.
        holds: in words.
        waivers: a file of them that is named, and is to be looked at, too.
        playbooks: ids of those in the folders that are named.
    """

    mistakes: Sequence[str]
    notes: Sequence[str] = ()
    holds: str = ""
    waivers: Path | None = None
    playbooks: frozenset[str] = frozenset()


def _with_named(found: settings_file.SettingsFile, named: str) -> _Found:
    """What a settings file is like that can be read, and of the files that it names."""
    from remediate.playbook.catalogue import Catalogue
    from remediate.playbook.loader import PlaybookError

    folders: tuple[Path, ...] = found.options.get("folders", ())
    waivers: Path | None = found.options.get("waivers")
    at = {name: f"{named}:{place.rpartition(':')[2]}" for name, place in found.places.items()}
    notes = [
        f"{at['playbooks']}: the playbooks in {one} are not looked at, because that "
        "runs them: give the folder to validate, too"
        if one.exists()
        else f"{at['playbooks']}: {one} is not looked at: it is not here"
        for one in folders
    ]
    ids: frozenset[str] = frozenset()
    try:
        ids = frozenset(Catalogue([one for one in folders if one.exists()]).entries)
    except PlaybookError as error:
        return _Found((f"{at['playbooks']}: {error}",), notes)
    if waivers is not None and not (waivers.is_file() and all(one.exists() for one in folders)):
        why = "the playbooks are not" if waivers.is_file() else "it is not"
        notes.append(f"{at['waivers']}: {waivers} is not looked at: {why} here")
        waivers = None
    return _Found((), notes, count(len(found.places), "setting"), waivers, ids)


def _why_not(look: Callable[[], object]) -> str:
    try:
        look()
    except Stop as stop:
        return stop.in_a_list
    return ""


def kind_of(named: str) -> FileKind:
    """What a file is for, by what it holds; what nobody knows is an inventory.

    Args:
        named: as one names it to other commands.
    """
    path = Path(named)
    if path.is_dir() or (path.suffix == ".py" and path.is_file()):
        return FileKind.PLAYBOOKS
    if path.is_file() and _is_plan(path):
        return FileKind.PLAN
    keys = set(_keys(path)) if path.is_file() else set()
    if keys & _OF_INVENTORIES:
        return FileKind.INVENTORY
    if "waivers" in keys and not keys - {"waivers", "schema_version"}:
        return FileKind.WAIVERS
    return FileKind.SETTINGS if keys & set(settings_file.known()) else FileKind.INVENTORY


def _is_plan(path: Path) -> bool:
    """Whether a file says that it is a saved plan, whole or not."""
    from remediate.files import read_content
    from remediate.model.saved_plan import MAX_SIZE

    try:
        data = read_content(path, MAX_SIZE).data
    except OSError:
        return False
    return data.lstrip().startswith(b"{") and _PLAN.search(data) is not None


def _keys(path: Path) -> Iterator[str]:
    """The keys that a YAML file begins its lines with; those of a mapping in braces."""
    from remediate.files import read_content
    from remediate.inventory.document import Table, Unreadable, decoded, read_document

    try:
        text = decoded(read_content(path, _MAX_BYTES).data)
        if not text.lstrip().startswith("{"):
            yield from (found[1] for found in _KEY.finditer(text))
            return
        root: Node | None = read_document(text, lambda *_: None)
    except (OSError, Unreadable):
        return
    yield from (key.value for key, _ in root.rows) if isinstance(root, Table) else ()


def _leads_nowhere(named: str) -> str:
    """That a link has nothing at its end, in words; whoever reads it would call the link absent."""
    path = Path(named)
    with suppress(OSError):  # who reads it says why it cannot be looked at
        if path.is_symlink() and not path.exists():
            return f"{named} is a link that leads nowhere: to {in_quotes(str(path.readlink()))}"
    return ""


def _placed(text: str, named: str) -> Mistake:
    """A mistake as it is told, taken apart."""
    found = _PLACE.fullmatch(text)
    place = Path(named).absolute()
    if not found or not Path(found[1]).absolute().is_relative_to(place):
        return Mistake(file=named, text=text)
    inside = Path(found[1]).absolute().relative_to(place)
    column = int(found[3]) if found[3] else None
    return Mistake(file=str(Path(named) / inside), line=int(found[2]), column=column, text=found[4])
