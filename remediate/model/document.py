"""What programs get from a command: published models, each with its version."""

from typing import Literal

from pydantic import Field

from remediate.model.base import SCHEMA_VERSION, Model
from remediate.model.outcome import HostReport, Outcome
from remediate.model.run import Run, RunSummary
from remediate.model.waiver import WaiverUse


class WaveOutcomes(Model):
    """What became of the hosts of a wave.

    Args:
        wave: its number, from 1.
        hosts: how many it has; those without a verdict, too.
        outcomes: how many of them got which verdict.
    """

    wave: int
    hosts: int
    outcomes: dict[Outcome, int] = Field(default_factory=dict)


class Document(Model):
    """The whole result of a command (`--format json`).

    Args:
        command: what was typed (`apply`).
        run: id of the run; None when the command starts none.
        hosts: one report for each host that has a verdict, in the order of the selection.
        no_verdict: names of the others: the run ended before, and these may be as they were or not.
        unanswered: how many questions have no answer, on all hosts together.
        waived: how many findings are waived, on all hosts together.
        waivers: what became of each waiver that is about these hosts and playbooks.
        waves: what became of each wave; none where all hosts went together.
        exit_code: what the process ends with.
    """

    schema_version: int = SCHEMA_VERSION
    command: str
    run: str | None = None
    hosts: tuple[HostReport, ...] = ()
    no_verdict: tuple[str, ...] = ()
    unanswered: int = 0
    waived: int = 0
    waivers: tuple[WaiverUse, ...] = ()
    waves: tuple[WaveOutcomes, ...] = ()
    exit_code: int


class Summary(Model):
    """The last line of `--format ndjson`; a stream without it broke off.

    Args:
        command: what was typed (`apply`).
        run: id of the run; None when the command starts none.
        outcomes: how many hosts got which verdict.
        no_verdict: names of those that got none, because the run ended before.
        unanswered: how many questions have no answer, on all hosts together.
        waived: how many findings are waived, on all hosts together.
        waivers: what became of each waiver that is about these hosts and playbooks.
        waves: what became of each wave; none where all hosts went together.
        exit_code: what the process ends with.
    """

    schema_version: int = SCHEMA_VERSION
    type: Literal["summary"] = "summary"
    command: str
    run: str | None = None
    outcomes: dict[Outcome, int] = Field(default_factory=dict)
    no_verdict: tuple[str, ...] = ()
    unanswered: int = 0
    waived: int = 0
    waivers: tuple[WaiverUse, ...] = ()
    waves: tuple[WaveOutcomes, ...] = ()
    exit_code: int


class Closed(Model):
    """An intent that `runs reconcile` closed.

    Args:
        run: the run that it belongs to.
        report: what was seen.
    """

    schema_version: int = SCHEMA_VERSION
    type: Literal["closed"] = "closed"
    run: Run
    report: HostReport


class Reconciliation(Model):
    """The whole result of `runs reconcile` (`--format json`).

    Args:
        command: always `runs reconcile`.
        closed: the intents that were closed.
        exit_code: what the process ends with.
    """

    schema_version: int = SCHEMA_VERSION
    command: Literal["runs reconcile"] = "runs reconcile"
    closed: tuple[Closed, ...] = ()
    exit_code: int


class PlaybookRow(Model):
    """A playbook in a list of playbooks.

    Args:
        id: what one types.
        title: what it makes true.
        source: address of the documentation of the fix.
        topic: what it is about, in a word; empty where its author does not say.
        on_demand: it has to be named: an audit of everything leaves it out.
        deep: an audit of everything leaves it out, unless it is a deep one.
        only_looks: it gives advice and never changes a host.
        loosens: it makes a host less safe, so `apply --all-safe` leaves it out.
    """

    id: str
    title: str
    source: str
    topic: str = ""
    on_demand: bool = False
    deep: bool = False
    only_looks: bool = False
    loosens: bool = False


class PlaybookListing(Model):
    """The whole result of `list` (`--format json`)."""

    schema_version: int = SCHEMA_VERSION
    playbooks: tuple[PlaybookRow, ...] = ()


class RunListing(Model):
    """The whole result of `runs list` (`--format json`), newest first."""

    schema_version: int = SCHEMA_VERSION
    runs: tuple[RunSummary, ...] = ()


class EffectiveSetting(Model):
    """How one thing about a host is, or about a playbook there.

    Args:
        name: as an inventory has it; of a playbook's parameter as a column (`disk-space.floor`).
        value: as an inventory has it, several with commas between them; of a program that hands
            out a password only its name.
        origin: where that is said: an option, `environment`, `host`, a group, `defaults`,
            `FILE:LINE` of the settings file; or `built in`.
    """

    name: str
    value: str
    origin: str


class Configuration(Model):
    """The whole result of `config` (`--format json`).

    Args:
        file: the settings file that counts, whether it is there or not.
        found: it is there.
        settings: each of them; the value is empty where there is none.
    """

    schema_version: int = SCHEMA_VERSION
    file: str
    found: bool
    settings: tuple[EffectiveSetting, ...] = ()


class HostRow(Model):
    """A host in a list of hosts.

    Args:
        name: what the operator calls it.
        address: DNS name or IP address.
        groups: the groups of the inventory that it belongs to.
        settings: how it is reached, with all that nobody said; none where that is a mistake.
        parameters: what playbooks are to use there.
        mistakes: what other commands would refuse of it, in sentences.
    """

    name: str
    address: str
    groups: tuple[str, ...] = ()
    settings: tuple[EffectiveSetting, ...] = ()
    parameters: tuple[EffectiveSetting, ...] = ()
    mistakes: tuple[str, ...] = ()


class HostListing(Model):
    """The whole result of `hosts list` (`--format json`)."""

    schema_version: int = SCHEMA_VERSION
    hosts: tuple[HostRow, ...] = ()
