"""Who may do what with a file, in the text form of Windows (SDDL), taken by what it means. Pure.

https://learn.microsoft.com/windows/win32/secauthz/security-descriptor-string-format says how it is
written, https://learn.microsoft.com/windows/win32/secauthz/order-of-aces-in-a-dacl how Windows and
.NET put its entries in order, and merge those that differ in nothing but rights.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

SYSTEM, ADMINISTRATORS = "S-1-5-18", "S-1-5-32-544"
EVERYONE, AUTHENTICATED, OWNER_RIGHTS = "S-1-1-0", "S-1-5-11", "S-1-3-4"
FULL = 0x1F01FF
"""All rights to a file or folder (FILE_ALL_ACCESS)."""

MODIFY = 0x1301BF
"""To read, write, make and delete, and not to change who may."""

_BUILT_IN = """
    BA 544 BU 545 BG 546 PU 547 AO 548 SO 549 PO 550 BO 551 RE 552 RU 554 RD 555 NO 556 MU 558
    LU 559 IS 568 CY 569 ER 573 CD 574 RA 575 ES 576 MS 577 HA 578 AA 579 RM 580
"""
_OTHERS = """
    SY 5-18 WD 1-0 AU 5-11 OW 3-4 CO 3-0 CG 3-1 AN 5-7 PS 5-10 RC 5-12 NU 5-2 IU 5-4 SU 5-6 ED 5-9
    LS 5-19 NS 5-20 WR 5-33 AC 15-2-1
"""


def _table(text: str) -> Iterator[tuple[str, str]]:
    words = text.split()
    return zip(words[::2], words[1::2], strict=True)


_ALIASES = {
    **{alias: f"S-1-{rest}" for alias, rest in _table(_OTHERS)},
    **{alias: f"S-1-5-32-{rest}" for alias, rest in _table(_BUILT_IN)},
}
"""What https://learn.microsoft.com/windows/win32/secauthz/sid-strings has for accounts that are the
same everywhere. Those of a domain or a computer are not told apart here."""

_NAMED = """
    GA 1f01ff GR 120089 GW 120116 GX 1200a0 FA 1f01ff FR 120089 FW 120116 FX 1200a0
    RC 20000 SD 10000 WD 40000 WO 80000 CC 1 DC 2 LC 4 SW 8 RP 10 WP 20 DT 40 LO 80 CR 100
"""
_RIGHTS = {name: int(number, 16) for name, number in _table(_NAMED)}
"""Rights to a file or folder; those of any object (`GA`) are what files make of them."""

_GENERIC = {0x10000000: "GA", 0x80000000: "GR", 0x40000000: "GW", 0x20000000: "GX"}
_SID = re.compile(r"S-1(-\d+)+|[A-Z]{2}")
_NUMBER = re.compile(r"0x[0-9a-f]{1,8}|\d{1,10}", re.IGNORECASE)
_HEAD = re.compile(r"(?P<flags>(?:P|AR|AI)*)(?P<entries>(?:\(.*\))?)", re.DOTALL)
_FLAG = re.compile(r"OI|CI|NP|IO|ID")
_ALLOW, _DENY = "A", "D"


def sid_of(text: str) -> str:
    """An account by its number; one that only a domain or a computer knows stays as it is."""
    return _ALIASES.get(text.upper(), text.upper())


def same_account(one: str, other: str) -> bool | None:
    """Whether two texts are the same account; None where only a domain or a computer knows it."""
    first, second = sid_of(one), sid_of(other)
    if first == second:
        return True
    numbers = [sid for sid in (first, second) if not _local(sid)]
    return None if len(numbers) == 1 and numbers[0].startswith("S-1-5-21-") else False


def _local(sid: str) -> bool:
    return not sid.startswith("S-")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of an access list.

    Args:
        text: as it is written, without its brackets.
        type: `A` allows, `D` denies; others have conditions, and are taken as they are written.
        flags: to what it applies, and whether it is inherited.
        rights: what it allows or denies.
        sid: to whom.
    """

    text: str
    type: str = ""
    flags: frozenset[str] = frozenset()
    rights: int = 0
    sid: str = ""

    @classmethod
    def parse(cls, text: str) -> "Entry":
        """An entry, from what stands between its brackets.

        Raises:
            ValueError: it is none.
        """
        fields = text.split(";")
        known = len(fields) == _FIELDS and fields[0] in {_ALLOW, _DENY}
        flags = re.findall("..?", fields[1]) if len(fields) > 1 else []
        if not known:
            return cls(text, flags=frozenset(flags))
        sid = sid_of(fields[5])
        known_flags = all(_FLAG.fullmatch(flag) for flag in flags)
        if fields[3] or fields[4] or not (known_flags and _SID.fullmatch(sid)):
            msg = f"({text}) is no entry for a file"
            raise ValueError(msg)
        return cls(text, fields[0], frozenset(flags), _rights(fields[2]), sid)

    @property
    def inherited(self) -> bool:
        """Whether it comes from the folder above."""
        return "ID" in self.flags

    def aspects(self) -> Iterator[str]:
        """To what it applies: the thing itself, and files and folders that are made in it."""
        if "IO" not in self.flags:
            yield "itself"
        once = " once" if "NP" in self.flags else ""
        yield from (f"{flag}{once}" for flag in ("OI", "CI") if flag in self.flags)


_FIELDS = 6


def _rights(text: str) -> int:
    if _NUMBER.fullmatch(text):
        base = 16 if text[1:2] in {"x", "X"} else 8 if text.startswith("0") else 10
        number = int(text, base)
        generic = [right for bit, right in _GENERIC.items() if number & bit]
        number &= ~sum(bit for bit in _GENERIC if number & bit)
        return _union(generic, number)
    names = re.findall("..?", text.upper())
    if not all(name in _RIGHTS for name in names):
        msg = f"{text!r} are no rights to a file"
        raise ValueError(msg)
    return _union(names)


def _union(names: list[str], rights: int = 0) -> int:
    for name in names:
        rights |= _RIGHTS[name]
    return rights


@dataclass(frozen=True, slots=True)
class AccessList:
    """The access list of a file or folder.

    Args:
        flags: as they are written before its entries (`P` keeps what is above from it).
        entries: in order.
    """

    flags: str
    entries: tuple[Entry, ...]

    @classmethod
    def parse(cls, text: str) -> "AccessList":
        """An access list, from what SDDL has after `D:`.

        Raises:
            ValueError: it is none, or one that lets everybody do everything.
        """
        found = _HEAD.fullmatch(text)
        if found is None:
            msg = f"{text[:40]!r} is no access list"
            raise ValueError(msg)
        return cls(found["flags"], tuple(map(Entry.parse, _split(found["entries"]))))

    def __str__(self) -> str:
        return self.flags + "".join(f"({entry.text})" for entry in self.entries)

    @property
    def protected(self) -> bool:
        """Whether it takes nothing from the folder above."""
        return "P" in self.flags

    @property
    def in_order(self) -> bool:
        """Whether its entries are in the order that Windows keeps: own first, and denials first."""
        ranks = [(entry.inherited, entry.type != _DENY) for entry in self.entries]
        own = [rank for rank in ranks if not rank[0]]
        return own == sorted(own) and [rank[0] for rank in ranks] == sorted(
            rank[0] for rank in ranks
        )

    def own(self) -> "AccessList":
        """The same without what comes from the folder above."""
        return replace(self, entries=tuple(one for one in self.entries if not one.inherited))

    def means(self) -> tuple[object, ...]:
        """What it comes to: equal of two lists that no access can tell apart.

        Neighbours that all allow, or all deny, may stand in any order, and be split or merged.
        """
        runs: list[object] = [self.protected]
        for (kind, inherited), some in groupby(self.entries, lambda one: (one.type, one.inherited)):
            run = tuple(some)
            if not kind:
                runs.extend(entry.text for entry in run)
                continue
            rights: dict[tuple[str, str], int] = {}
            for entry in run:
                for aspect in entry.aspects():
                    key = (entry.sid, aspect)
                    rights[key] = rights.get(key, 0) | entry.rights
            if rights:
                runs.append((kind, inherited, frozenset(rights.items())))
        return tuple(runs)

    def grants(self, sids: frozenset[str], rights: int, aspect: str = "itself") -> bool:
        """Whether somebody has rights; what has conditions is taken for nothing.

        Args:
            sids: all accounts that somebody is.
            rights: that are asked for, all of them.
            aspect: to the thing itself, to files (`OI`) or to folders (`CI`) that are made in it.
        """
        for entry in self.entries:
            applies = any(one.partition(" ")[0] == aspect for one in entry.aspects())
            if not applies or entry.sid not in sids:
                continue
            if entry.type == _DENY and entry.rights & rights:
                return False
            rights &= ~entry.rights
            if not rights:
                return True
        return not rights

    def with_full(self, sid: str) -> "AccessList":
        """The same, with all rights for somebody to the folder and to what is made in it."""
        new = Entry.parse(f"A;OICI;FA;;;{sid}")
        own = self.own().entries
        rest = tuple(one for one in self.entries if one.inherited)
        return replace(self, entries=(*own, new, *rest))


def same_access(one: str, other: str) -> bool | None:
    """Whether two access lists mean the same; None where that cannot be told.

    What comes from the folder above is made anew by Windows with each write: that it alone differs
    says nothing of whether the write was right.
    """
    if one == other:
        return True
    try:
        first, second = AccessList.parse(one), AccessList.parse(other)
    except ValueError:
        return None
    if first.means() == second.means():
        return True
    if _local_ones(first) != _local_ones(second) or first.own().means() == second.own().means():
        return None
    return False


def _local_ones(known: AccessList) -> set[str]:
    """Accounts that are written as a domain or a computer knows them."""
    return {entry.sid for entry in known.entries if entry.sid and _local(entry.sid)}


def _split(text: str) -> Iterator[str]:
    """What stands between the outermost brackets; what is in quotes has none.

    Raises:
        ValueError: they do not match.
    """
    depth, begun, quoted, between = 0, 0, False, ""
    for place, character in enumerate(text):
        quoted ^= character == '"'
        if quoted:
            continue
        if character == "(":
            begun = place + 1 if depth == 0 else begun
            depth += 1
        elif depth == 0:
            between += character
        elif character == ")":
            depth -= 1
            if depth == 0:
                yield text[begun:place]
    if depth or quoted or between:
        msg = f"{text[:40]!r} are no entries: their brackets do not match"
        raise ValueError(msg)
