"""Keeps what a host answers to the questions of an audit, as it is or to be given away."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from remediate.engine.observation import Observation
from remediate.engine.planning import PlaybookPlanner
from remediate.model.exit_code import ExitCode
from remediate.model.facts import Answered, Facts
from remediate.model.outcome import HostReport
from remediate.model.plan import Observed, Plan
from remediate.resources.base import Query, Resource
from remediate.resources.withholding import all_withheld

MAX_FACTS = 1024 * 1024
"""Characters of the resources of a host as JSON; a support case takes no more without trouble."""


@dataclass(frozen=True, slots=True)
class Onlooker(PlaybookPlanner):
    """Plans as an audit does, and keeps what was seen.

    Args:
        further: what is asked in the same round besides.
        seen: the answers; none while there are none.
    """

    further: tuple[Query, ...] = ()
    seen: list[Observation] = field(default_factory=list)

    def queries(self) -> tuple[Query, ...]:
        """See the base class."""
        return tuple(dict.fromkeys((*PlaybookPlanner.queries(self), *self.further)))

    def plan(self, host: str, seen: Observation) -> Plan:
        """See the base class."""
        self.seen.append(seen)
        return PlaybookPlanner.plan(self, host, seen)


class FactFinder(Onlooker):
    """Tells what was seen."""

    __slots__ = ()

    def facts(self, report: HostReport) -> Facts:
        """What is told of the host.

        Args:
            report: what an audit says of it.
        """
        seen = self.seen[-1] if self.seen else None
        code = report.exit_code if report.problem else ExitCode.OK
        if report.unanswered and not report.problem:
            code = ExitCode.FAILED
        told = Facts(
            host=report.host,
            at=seen.at if seen else None,
            facts=seen.facts if seen else None,
            playbooks=self.uses,
            answered=tuple(self._answered(seen)) if seen else (),
            unanswered=report.unanswered,
            problem=report.problem,
            exit_code=code,
        )
        return Facts.model_validate(all_withheld(told.model_dump(mode="json")))

    def _answered(self, seen: Observation) -> Iterable[Answered]:
        left = MAX_FACTS
        for query, resources in seen.answers.items():
            kept: list[Observed] = []
            for one in map(_told, resources):
                left -= len(one.model_dump_json())
                if left < 0:
                    break
                kept.append(one)
            yield Answered(
                question=query.title,
                playbooks=self.asking(query),
                resources=tuple(kept),
                left_out=len(resources) - len(kept),
            )


def _told(resource: Resource) -> Observed:
    """A resource without its secrets; its long texts are cut before they are counted."""
    return Observed.model_validate(all_withheld(resource.disclosed().model_dump(mode="json")))
