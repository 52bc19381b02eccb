"""What was found out about an error, as what is published."""

from collections.abc import Iterable

from remediate.diagnose.matching import Match
from remediate.diagnose.scanning import Sighting
from remediate.model.diagnosis import Cause, Clue, Diagnosis
from remediate.model.exit_code import ExitCode

_SAID = set(Cause.model_fields) & {
    "id", "title", "cause", "check", "playbooks", "steps", "source", "checked", "trust"
}  # fmt: skip


def of_text(known: Iterable[Match], nearest: Iterable[Match], code: ExitCode) -> Diagnosis:
    """The whole answer about a text.

    Args:
        known: the causes that it is.
        nearest: what comes closest, where there is none.
        code: what the process ends with.
    """
    return Diagnosis(
        known=tuple(map(_cause, known)), nearest=tuple(map(_cause, nearest)), exit_code=code
    )


def of_files(seen: Iterable[Sighting], code: ExitCode) -> Diagnosis:
    """The whole answer about files.

    Args:
        seen: the causes that they tell of.
        code: what the process ends with.
    """
    known = tuple(
        _cause(one.match).model_copy(
            update={name: getattr(one, name) for name in ("count", "first", "last", "example")}
        )
        for one in seen
    )
    return Diagnosis(known=known, exit_code=code)


def _cause(match: Match) -> Cause:
    return Cause(
        **{name: getattr(match.entry, name) for name in _SAID},
        score=match.score,
        clues=tuple(Clue(kind=part.kind, what=part.what, score=part.score) for part in match.parts),
    )
