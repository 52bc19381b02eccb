"""Which cause a text is about: numbers and names exactly, messages by how much of them is there.

Nothing is learned. A word, a pair of neighbouring words or two Korean syllables count the more,
the fewer causes have them in their messages.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from remediate.diagnose.entry import Entry, Number
from remediate.diagnose.folding import Folded, Found, fold, pieces
from remediate.diagnose.products import OTHERS, OURS, OWN

THRESHOLD = 0.6
"""The share of a message that has to be there."""

_GENERAL = 0.75
"""What a general cause counts for, however much of it is there."""

_WORDS = 0.8
"""What it counts for that people ask in these words, or write a name as words."""

_WHOLE = 3
"""Tokens of a message up to which it has to be there letter by letter."""

_ENOUGH = 3.5
"""What a part of a message has to weigh, to be recognised without the rest."""

_BESIDE = 0.15
"""The share of a message that makes a number beside it one of its cause."""

_OTHER = 0.5
"""What anything counts for in a text about another product."""

_ALONE = 100
"""The smallest number that says something without any word."""

_PIECES = 50
"""Pieces of a text in which somebody may quote a part of a message."""

_COMMON = 10_000
"""Numbers below have a meaning in too many products for a word such as "error" to be enough."""

_NAME = 8
"""Letters of a name that is looked for within words, too, as a line may have ended in it."""

_STEM = 4
"""Letters that are left of a word without its ending."""

_MOST = 20_000
"""Characters of a text that are compared."""

_HANGUL = "\uac00"
_STOP = frozenset(
    [
        *("a", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could"),
        *("did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "his", "i", "if"),
        *("in", "into", "is", "it", "its", "may", "me", "my", "of", "on", "or", "our", "please"),
        *("she", "so", "some", "such", "that", "the", "their", "them", "then", "there", "these"),
        *("they", "this", "those", "to", "us", "was", "we", "were", "what", "when", "where"),
        *("which", "while", "who", "will", "with", "would", "you", "your"),
    ]
)
_NO = frozenset(
    [
        *("cannot", "cant", "couldnt", "didnt", "doesnt", "dont", "isnt", "never", "no", "not"),
        *("unable", "wasnt", "wont"),
    ]
)
"""A text with none of them says the contrary of a message that has one before the same word."""

_EVERYWHERE = frozenset(
    [
        *("acces", "backup", "code", "disk", "driv", "error", "event", "fail", "failur", "file"),
        *("folder", "occur", "occurr", "problem", "server", "servic", "system", "volum", "window"),
    ]
)
"""Stems that say nothing alone, as they are in messages of anything."""


@dataclass(frozen=True, slots=True)
class Part:
    """What speaks for a cause.

    Args:
        kind: `number`, `name`, `message` (a part of one), or `words` that people ask with.
        what: the number as it was written, else what the catalogue has.
        score: 1 for what is exact; else how much of it is there.
    """

    kind: str
    what: str
    score: float


@dataclass(frozen=True, slots=True)
class Match:
    """A cause, and what speaks for it, the strongest first."""

    entry: Entry
    parts: tuple[Part, ...]

    @property
    def score(self) -> float:
        """From 0, for nothing, to 1, for a number, a name or a whole message."""
        return self.parts[0].score

    @property
    def known(self) -> bool:
        """Whether that is enough to say so."""
        return self.score >= THRESHOLD

    @property
    def rank(self) -> tuple[float, float]:
        """The closest cause has the largest: what is general stands behind what is exact."""
        points = sum(part.score for part in self.parts)
        return min(points, _GENERAL) if self.entry.general else points, points


class Matcher:
    """Finds causes in texts.

    Args:
        entries: the catalogue.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.id: entry for entry in entries}
        self._numbers: dict[int, list[tuple[Number, Entry]]] = {}
        self._names: list[tuple[Folded, str, Entry]] = []
        self._about: list[tuple[frozenset[str], str, Entry]] = []
        self._messages: list[_Message] = []
        for entry in self._entries.values():
            for number in entry.numbers:
                self._numbers.setdefault(number.number, []).append((number, entry))
            self._names += [(fold(name), name, entry) for name in entry.names]
            self._about += [(frozenset(_words(fold(line))), line, entry) for line in entry.about]
            self._messages += [_Message.of(entry, text) for text in (*entry.en, *entry.ko)]
        self._elsewhere = {
            entry.id: [_spaced(fold(words)) for words in entry.elsewhere]
            for entry in self._entries.values()
        }
        self._vocabulary = {word for message in self._messages for word in message.words}
        self._vocabulary.update(*(words for words, _, _ in self._about))
        owners: dict[str, set[str]] = {}
        for message in self._messages:
            for token in message.tokens:
                owners.setdefault(token, set()).add(message.entry.id)
        self._weights = {token: 1 / (1 + math.log2(len(ids))) for token, ids in owners.items()}

    def has(self, number: int) -> bool:
        """Whether a cause is known by a number."""
        return number in self._numbers

    def match(self, text: str, *, log: bool = False) -> list[Match]:
        """The causes that a text may be about: those that are known, the closest first, and others.

        Args:
            text: as it was copied; of a long one the beginning is looked at.
            log: a program wrote it, so nobody asks in it in words of their own.
        """
        found: dict[str, list[Part]] = {}
        text = text[:_MOST]
        folded = fold(text, self._vocabulary)
        other, spaced = _is_of_another(folded), _spaced(folded)
        quoted = [fold(piece, self._vocabulary) for piece in pieces(text)[:_PIECES]]
        for entry, part in self._parts(folded, quoted):
            if log and part.kind == "words":
                continue
            elsewhere = other or any(words in spaced for words in self._elsewhere[entry.id])
            weaker = Part(part.kind, part.what, min(part.score, _OTHER)) if elsewhere else part
            found.setdefault(entry.id, []).append(weaker)
        matches = [
            Match(self._entries[name], tuple(sorted(parts, key=lambda part: -part.score)))
            for name, parts in found.items()
        ]
        known = sorted((m for m in matches if m.known), key=lambda m: m.rank, reverse=True)
        rest = sorted((m for m in matches if not m.known), key=lambda m: m.score, reverse=True)
        return known + rest

    def _parts(self, text: Folded, quoted: Sequence[Folded]) -> Iterator[tuple[Entry, Part]]:
        messages = dict(self._by_message(text, quoted))
        yield from messages.items()
        yield from self._by_number(text, {e.id for e, p in messages.items() if p.score >= _BESIDE})
        yield from self._by_name(text, quoted)
        yield from self._by_words(text)

    def _by_number(self, text: Folded, close: Collection[str]) -> Iterator[tuple[Entry, Part]]:
        seen = set()
        for found in text.numbers:
            for number, entry in (n for v in found.values for n in self._numbers.get(v, ())):
                key = number.number, entry.id
                if key not in seen and _is_of(found, number, text, close=entry.id in close):
                    seen.add(key)
                    yield entry, Part("number", found.text, 1)

    def _by_name(self, text: Folded, quoted: Sequence[Folded]) -> Iterator[tuple[Entry, Part]]:
        best: dict[str, tuple[float, str, Entry]] = {}
        for folded, name, entry in self._names:
            if len(folded.squeezed) < _NAME:
                score = float(folded.squeezed in text.words)
            elif folded.unbroken in text.unbroken:
                score = 1
            else:
                spelled_out = any(folded.squeezed in piece.squeezed for piece in quoted)
                score = _WORDS if spelled_out else 0
            if score > best.get(entry.id, (0,))[0]:
                best[entry.id] = score, name, entry
        for score, name, entry in best.values():
            yield entry, Part("name", name, score)

    def _by_words(self, text: Folded) -> Iterator[tuple[Entry, Part]]:
        words = set(_words(text))
        seen = set()
        for needed, line, entry in self._about:
            if entry.id not in seen and needed <= words:
                seen.add(entry.id)
                yield entry, Part("words", line, _WORDS)

    def _by_message(self, text: Folded, quoted: Sequence[Folded]) -> Iterator[tuple[Entry, Part]]:
        best: dict[str, tuple[float, _Message]] = {}
        tokenized = [_tokens(each) for each in (text, *quoted)]
        weighed = [(tokens, self._weight(tokens)) for tokens in tokenized]
        whole = tokenized[0]
        for message in self._messages:
            shared = whole & message.tokens
            if shared <= _EVERYWHERE or not message.may_be_in(text, shared):
                continue
            score = self._weight(shared) / self._weight(message.tokens)
            for tokens, weight in weighed:
                there = self._weight(tokens & shared)
                if there >= _ENOUGH:  # it may be a part of the message
                    score = max(score, there / weight)
            before = best.get(message.entry.id)
            if before is None or score > before[0]:
                best[message.entry.id] = score, message
        for score, message in best.values():
            yield message.entry, Part("message", message.text, round(score, 2))

    def _weight(self, tokens: Iterable[str]) -> float:
        """Of a set of tokens; exact, so that no order in which they come makes a difference."""
        return math.fsum(self._weights.get(token, 1) for token in tokens)


@dataclass(frozen=True, slots=True)
class _Message:
    """A message of a cause, ready to be compared."""

    entry: Entry
    text: str
    words: tuple[str, ...]
    squeezed: str
    tokens: frozenset[str]

    @classmethod
    def of(cls, entry: Entry, text: str) -> "_Message":
        folded = fold(text)
        return cls(entry, text, folded.words, folded.squeezed, _tokens(folded))

    def may_be_in(self, text: Folded, shared: Collection[str]) -> bool:
        """Whether a text has what the message is not itself without."""
        if not OURS.isdisjoint(self.words) and OURS.isdisjoint(text.words):
            return False
        if len(self.tokens) <= _WHOLE:
            return self.squeezed in text.squeezed
        if _NO.isdisjoint(text.words) and any(
            first in _NO and second in shared
            for first, _, second in (token.partition(" ") for token in self.tokens)
        ):
            return False
        names = {token for token in self.tokens if token < _HANGUL}
        if len(names) < len(self.tokens):  # a Korean message, which has names in it or not
            return not names or not names.isdisjoint(shared)
        return True


def _is_of_another(text: Folded) -> bool:
    """Whether a text names another product, and nothing that is ours alone."""
    return OWN.isdisjoint(text.words) and (
        not OTHERS.isdisjoint(text.words) or any(name in text.hangul for name in OTHERS)
    )


def _spaced(text: Folded) -> str:
    """Its words, in a row, so that a part of it begins and ends where a word does."""
    return " ".join(("", *text.words, ""))


def _is_of(found: Found, number: Number, text: Folded, *, close: bool) -> bool:
    """Whether a number is one of a cause, and does not just count something.

    Args:
        found: the number in the text.
        number: the number of the cause.
        text: the text around it.
        close: some of a message of this cause is there, too.
    """
    if any(fold(word).squeezed in text.squeezed for word in number.words):
        return True
    if number.needed:
        return False
    if found.dressed or close:
        return True
    if text.only_numbers and len(text.numbers) == 1:
        return number.number >= _ALONE
    if number.number < _COMMON:
        return found.kind in number.beside
    return bool(found.kind)


def _words(text: Folded) -> list[str]:
    return [_stem(word) for word in text.words if word not in _STOP]


def _tokens(text: Folded) -> frozenset[str]:
    words = _words(text)
    pairs = (f"{one} {two}" for one, two in pairwise(words))
    syllables = (text.hangul[at : at + 2] for at in range(len(text.hangul) - 1))
    return frozenset((*words, *pairs, *syllables))


def _stem(word: str) -> str:
    """A word without its ending, which says when, or how many."""
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            return word.removesuffix(ending)
    return word
