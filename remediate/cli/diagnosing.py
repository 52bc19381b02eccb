"""What was found out about an error, as what is published."""

from collections.abc import Iterable

from remediate.diagnose.matching import Match
from remediate.model.diagnosis import Cause, Clue, Diagnosis
from remediate.model.exit_code import ExitCode

_SAID = set(Cause.model_fields) & {
    "id", "title", "cause", "check", "playbooks", "steps", "source", "checked", "trust"
}  # fmt: skip


def as_document(known: Iterable[Match], nearest: Iterable[Match], code: ExitCode) -> Diagnosis:
    """The whole answer.

    Args:
        known: the causes that it is.
        nearest: what comes closest, where there is none.
        code: what the process ends with.
    """
    return Diagnosis(
        known=tuple(map(_cause, known)), nearest=tuple(map(_cause, nearest)), exit_code=code
    )


def _cause(match: Match) -> Cause:
    return Cause(
        **{name: getattr(match.entry, name) for name in _SAID},
        score=match.score,
        clues=tuple(Clue(kind=part.kind, what=part.what, score=part.score) for part in match.parts),
    )
