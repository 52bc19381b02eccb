"""Rules that make the lab misbehave at chosen requests, the same way each time."""

import json
from enum import StrEnum
from pathlib import Path

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from remediate.files import read_bounded
from remediate.model.base import Model
from remediate.yaml_parser import load

__all__ = ["Action", "Fault", "Step", "When", "load_faults"]


MAX_BYTES = 1024 * 1024
"""Of a file with rules."""


class Step(StrEnum):
    """What a request is for. `auth` are the legs of an authentication that carry no message."""

    ANY = "any"
    AUTH = "auth"
    CREATE = "create"
    RECEIVE = "receive"
    COMMAND = "command"
    SEND = "send"
    SIGNAL = "signal"
    DELETE = "delete"
    GET = "get"
    OTHER = "other"


class Action(StrEnum):
    """What happens instead of a proper reply.

    drop: the connection is reset without a reply.
    half: half of the proper reply, then the connection is reset.
    empty: HTTP 500 without a body.
    html: HTTP 500 with a page in HTML.
    fault: HTTP 500 with the WS-Management fault `code`.
    hang: no reply until the client gives up or `seconds` have passed, then a reset.
    garbage: HTTP 200 with something that is not SOAP.
    unauthorized: HTTP 401; the connection has to authenticate again.
    unavailable: HTTP 503.
    delay: the proper reply, `seconds` late.
    """

    DROP = "drop"
    HALF = "half"
    EMPTY = "empty"
    HTML = "html"
    FAULT = "fault"
    HANG = "hang"
    GARBAGE = "garbage"
    UNAUTHORIZED = "unauthorized"
    UNAVAILABLE = "unavailable"
    DELAY = "delay"


class When(StrEnum):
    """Whether the host has acted on the request before it misbehaves."""

    BEFORE = "before"
    AFTER = "after"


class Fault(Model):
    """One rule.

    Args:
        match: kind of request.
        nth: the first request of that kind on this host that it hits, from 1.
        count: how many requests in a row; 0 for all that follow.
        do: what happens.
        when: before or after the host acts on the request; `half` is always after.
        code: number of the fault; 5 is access denied.
        seconds: how long `hang` and `delay` last.
        host: name of the host; None for all.
    """

    match: Step = Step.ANY
    nth: int = Field(1, ge=1)
    count: int = Field(1, ge=0)
    do: Action
    when: When = When.BEFORE
    code: int = 5
    seconds: float = Field(60, ge=0, le=600)
    host: str | None = None

    def hits(self, host: str, kind: Step, of_kind: int, overall: int) -> bool:
        """Whether it is for this request.

        Args:
            host: name of the host.
            kind: what the request is for.
            of_kind: its number among those of its kind, from 1.
            overall: its number among all, from 1.
        """
        if self.host not in {None, host} or self.match not in {Step.ANY, kind}:
            return False
        number = overall if self.match is Step.ANY else of_kind
        return number >= self.nth and (self.count == 0 or number < self.nth + self.count)

    @property
    def acts_first(self) -> bool:
        """Whether the request is acted on."""
        return self.when is When.AFTER or self.do in {Action.HALF, Action.DELAY}


def load_faults(path: Path) -> tuple[Fault, ...]:
    """Read rules from a JSON or YAML file: a list of them.

    Raises:
        ValueError: the file holds something else.
        OSError: it cannot be read.
    """
    data = read_bounded(path, MAX_BYTES)
    try:
        text = data.decode()
        document = json.loads(text) if path.suffix == ".json" else load(text)
        return tuple(TypeAdapter(list[Fault]).validate_python(document))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        msg = f"{path}: not a list of fault rules: {where}: {first['msg']}"
        raise ValueError(msg) from None
    except RecursionError:
        msg = f"{path}: not a list of fault rules: nested too deeply"
        raise ValueError(msg) from None
    except (ValueError, yaml.YAMLError) as error:
        msg = f"{path}: not a list of fault rules: {error}"
        raise ValueError(msg) from error
