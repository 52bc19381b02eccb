"""Why changes are not for this run: what would be recorded with a secret, or would end us."""

from collections.abc import Iterable, Iterator
from itertools import chain

from remediate.engine.effects import Screen
from remediate.model.change import Change
from remediate.model.connection import Via
from remediate.model.host import Host
from remediate.model.plan import Refusal
from remediate.redaction import Redaction

_NOT_RECORDED = "a value that would be recorded holds a password or secret of this run"
_BY_HAND = "Change it by hand, and the secret with it."
_SEALED = "Use --transport psrp, where it is sealed by itself, or make this change by hand."

_ENDS_US = "a restart of this machine would end this command, which has to see it come back"
_RESTART_BY_HAND = "Restart it by hand (shutdown /r /t 0), or run this on another machine."


def screened(effect: Screen, host: Host, redaction: Redaction) -> tuple[Refusal, ...]:
    """Why changes must not be made from here, by playbook.

    Args:
        effect: the changes, and the secrets that go with them, which are masked from now on.
        host: where they are to be made.
        redaction: what is masked.
    """
    for given in effect.secrets:
        for secret in chain.from_iterable(named.values() for named in given.values()):
            redaction.add(secret.get_secret_value())
    changes = filter(redaction.holds, effect.changes)
    open_way = host.transport.refuses_secrets
    sent = (change for change in effect.changes if open_way and change.secrets)
    here = host.transport is Via.LOCAL
    ends_us = (one for one in effect.changes if here and one.settling and one.settling.away)
    return (
        *_refusals(changes, "secret", _NOT_RECORDED, _BY_HAND),
        *_refusals(sent, "secret", open_way, _SEALED),
        *_refusals(ends_us, "ends_us", _ENDS_US, _RESTART_BY_HAND),
    )


def _refusals(changes: Iterable[Change], code: str, text: str, hint: str) -> Iterator[Refusal]:
    """Of each playbook that has a part in these changes."""
    for name in dict.fromkeys(change.playbook for change in changes):
        yield Refusal(playbook=name, text=text, code=code, hint=hint)
