"""Keep enough events to see why a backup failed on Friday night."""

from contoso_playbooks.event_log import EventLog, EventLogs
from remediate.playbook import Advice, Field, Playbook, PlaybookParams

MEGABYTE = 1024 * 1024


class Params(PlaybookParams):
    log: str = Field("Application", description="Event log to look at")
    size: int = Field(64, ge=1, le=4096, description="Megabytes that it has to be able to hold")


class EventLogSize(Playbook[Params]):
    """By Monday a small log has forgotten what happened on Friday night."""

    id = "event-log-size"
    title = "Keep enough events to look back over a weekend"
    source = "https://wiki.example.org/runbooks/event-log-size"
    risk = "The file of the log may grow to its new size on the system disk."

    def observe(self, params):
        return [EventLogs(name=params.log)]

    def decide(self, seen, params):
        log = seen.one(EventLog)
        if log is None:
            yield Advice(
                f"No event log {params.log}", "Check its name: Get-EventLog -List.", rule="no-log"
            )
        elif log.max_size < params.size * MEGABYTE:
            yield log.should(max_size=params.size * MEGABYTE)
