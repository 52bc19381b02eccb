"""The agent's logs on a host, and what an audit of it says of the causes that they tell of."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from remediate.cli.diagnosing import of_files
from remediate.diagnose.matching import Matcher
from remediate.diagnose.records import records_of_end
from remediate.diagnose.scanning import Scan, Sighting
from remediate.engine.observation import Observation
from remediate.model.diagnosis import Diagnosis, Log, Looked
from remediate.model.exit_code import ExitCode
from remediate.model.finding import RecordedFinding
from remediate.model.outcome import HostReport
from remediate.model.plan import Unanswered
from remediate.resources.agent_log import AgentLog, AgentLogs
from remediate.resources.base import Query
from remediate.resources.failed_file_log import FailedFileLog, FailedFileLogs

QUESTIONS: tuple[Query, ...] = (AgentLogs(), FailedFileLogs())
"""What is asked of a host beside what its audit asks."""


@dataclass(frozen=True, slots=True)
class HostLogs:
    """What a host has answered.

    Args:
        report: what an audit says of it.
        seen: its answers; None when there are none.
    """

    report: HostReport
    seen: Observation | None

    @property
    def installed(self) -> bool:
        """Whether the agent is, as far as was answered."""
        answers = self.seen.answers if self.seen else {}
        return any(answers.get(query, (query,)) for query in QUESTIONS)

    def sightings(self, matcher: Matcher, mask: Callable[[str], str]) -> list[Sighting]:
        """The causes that the logs tell of.

        Args:
            matcher: finds causes.
            mask: takes secrets out of a text.
        """
        scan = Scan(matcher)
        for _, data, cut in self._ends():
            lines = records_of_end(data, cut=cut)
            scan.add(replace(one, text=mask(one.text), said=mask(one.said)) for one in lines)
        return scan.ranked()

    def diagnosis(self, sighted: Sequence[Sighting]) -> Diagnosis:
        """The whole answer.

        Args:
            sighted: the causes that the logs tell of.
        """
        unread = tuple(self._unread())
        if self.seen is None:
            code = self.report.exit_code
        elif sighted:
            code = ExitCode.OK
        else:
            code = ExitCode.FAILED if unread else ExitCode.PENDING
        found = of_files(sighted, code)
        known = tuple(
            one.model_copy(update={"looked": tuple(map(self._looked, one.playbooks))})
            for one in found.known
        )
        return found.model_copy(
            update={
                "known": known,
                "host": self.report.host,
                "logs": tuple(log for log, _, _ in self._ends()),
                "unread": unread,
                "problem": self.report.problem,
            }
        )

    def _ends(self) -> Iterator[tuple[Log, bytes, bool]]:
        """Each log with its end, and whether there is more before it; the oldest first."""
        for query in QUESTIONS:
            for one in self.seen.answers.get(query, ()) if self.seen else ():
                if isinstance(one, AgentLog):
                    for end in reversed(one.logs):
                        log = Log(
                            name=end.name,
                            size=end.size,
                            read=len(end.data),
                            modified=end.modified,
                        )
                        yield log, end.data, end.start > 0
                elif isinstance(one, FailedFileLog) and one.name:
                    read = one.size - one.start
                    log = Log(name=one.name, size=one.size, read=read, modified=one.modified)
                    yield log, one.text().encode(errors="replace"), False

    def _unread(self) -> Iterator[Unanswered]:
        for query in QUESTIONS:
            problem = self.seen.unanswered.get(query) if self.seen else None
            if problem is not None:
                yield Unanswered(question=query.title, problem=problem, named=True)

    def _looked(self, playbook: str) -> Looked:
        """What the audit says of a playbook."""
        plan = self.report.plan
        if plan is None or playbook not in {use.id for use in plan.playbooks}:
            return Looked(playbook=playbook, result="not_asked")
        for question in plan.unanswered:
            if playbook in question.playbooks:
                why = question.problem.message
                return Looked(playbook=playbook, result="unanswered", why=why)
        if playbook in plan.not_applicable:
            why = plan.not_applicable[playbook]
            return Looked(playbook=playbook, result="not_applicable", why=why)
        found = tuple(RecordedFinding.of(one) for one in plan.findings if one.playbook == playbook)
        return Looked(playbook=playbook, result="findings" if found else "nothing", findings=found)
