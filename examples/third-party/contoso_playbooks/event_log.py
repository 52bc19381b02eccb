"""Event logs of Windows."""

from pathlib import Path

from remediate.resources.base import Query, Resource


class EventLog(Resource):
    """One event log.

    Args:
        name: as `Get-EventLog -List` shows it.
        max_size: bytes that its file may have.
        size: bytes that its file has; moves by itself.
    """

    kind = "contoso_event_log"
    noun = "event log"
    function = "ContosoEventLog"
    reader = Path(__file__).with_suffix(".read.ps1")
    writer = Path(__file__).with_suffix(".write.ps1")
    identity = ("name",)
    settable = frozenset({"max_size"})
    volatile = frozenset({"size"})

    name: str
    max_size: int
    size: int

    @classmethod
    def query(cls, key):
        """The question that returns one log."""
        return EventLogs(name=key["name"])


class EventLogs(Query):
    """The event log with a name; none when there is none.

    Args:
        name: of the log.
    """

    resource = EventLog

    name: str
