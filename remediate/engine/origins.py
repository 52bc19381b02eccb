"""Where the playbooks of a run copy files from: looked at once, then read by each host's worker."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from remediate.engine.job import Job
from remediate.engine.judging import PlaybookFailedError, origin_of
from remediate.engine.source import SourceError, Supply
from remediate.model.host import Host
from remediate.playbook.base import Origin, Original
from remediate.transport.protocol import Deadline, Transport

_UNKNOWN = "no such host is known here"


@dataclass(frozen=True, slots=True)
class Origins:
    """The origins of a run.

    Args:
        job: the playbooks that may name some.
        transport: how a healthy host is talked to.
        peer: finds that host by its name; None when none are known.
    """

    job: Job
    transport: Transport
    peer: Callable[[str], Host] | None = None

    def look(self, timeout: float) -> dict[str, Original]:
        """What there is, by playbook id; a problem is part of it.

        Args:
            timeout: seconds that each may take.
        """
        found = {}
        for name, origin in self._named():
            try:
                source = self._supply(origin).open(self.transport)
            except SourceError as error:
                found[name] = Original(place=str(origin), problem=error.problem.message)
                continue
            try:
                found[name] = source.look(Deadline(timeout))
            finally:
                source.close()
        return found

    def supplies(self, originals: Mapping[str, Original]) -> dict[str, Supply]:
        """How workers get at the files of those that could be looked at, by playbook id.

        Args:
            originals: what `look` has found.
        """
        return {
            name: replace(
                self._supply(origin),
                computer=original.computer,
                folder=original.found.resource_id.key["path"],
            )
            for name, origin in self._named()
            if (original := originals[name]).found is not None
        }

    def _named(self) -> Iterator[tuple[str, Origin]]:
        for task in self.job.tasks:
            origin = None
            with suppress(PlaybookFailedError):  # which is said of it when it is judged
                origin = origin_of(task)
            if origin is not None:
                query = origin.query if self.job.named else origin.query.in_passing()
                yield task.playbook.id, origin.model_copy(update={"query": query})

    def _supply(self, origin: Origin) -> Supply:
        if origin.folder is not None:
            return Supply(origin.query, origin.folder)
        if self.peer is None:
            raise SourceError("source", _UNKNOWN)
        return Supply(origin.query, self.peer(origin.host))
