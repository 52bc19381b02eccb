"""Windows services: whether they run, how they start, and since when."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from remediate.model.base import JsonValue, Model
from remediate.model.change import Change, ResourceId
from remediate.resources.base import Desire, Query, Resource

ServiceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.$@() -]{1,256}$")]
"""A service's short name. Windows allows more; nothing that would have to be escaped in a query."""


CLOCK_SLACK = timedelta(minutes=10)
"""How much later than the time that a host says first in an answer it may be at the end of it: some
services stop slowly, and several may be restarted."""


class ServiceStatus(StrEnum):
    """Win32_Service.State: these words in every language of Windows."""

    STOPPED = "Stopped"
    START_PENDING = "Start Pending"
    STOP_PENDING = "Stop Pending"
    RUNNING = "Running"
    CONTINUE_PENDING = "Continue Pending"
    PAUSE_PENDING = "Pause Pending"
    PAUSED = "Paused"
    UNKNOWN = "Unknown"


class StartMode(StrEnum):
    """Win32_Service.StartMode. Whether an automatic start is delayed is not part of it."""

    BOOT = "Boot"
    SYSTEM = "System"
    AUTO = "Auto"
    MANUAL = "Manual"
    DISABLED = "Disabled"


def _moment(value: str) -> str:
    if datetime.fromisoformat(value).tzinfo is None:
        msg = f"{value!r} does not say in which time zone"
        raise ValueError(msg)
    return value


Moment = Annotated[str, AfterValidator(_moment)]
"""A time in ISO 8601, with its zone."""


class ServiceProcess(Model):
    """Where a service runs, and what is known of when it was started.

    Windows does not record when a service was started, and many services share one process that
    outlives a restart of any of them. Two facts can be had, and neither can be later than the
    start: the process was created; and the service was seen stopped. The second is written down
    on the host by our own Set, after the service was stopped and before it is started again, so
    that it holds however the run ends. So a new value proves a start after it; the old value in a
    shared process does not prove that nobody else restarted the service. (Event 7036 of the
    Service Control Manager would, but its text is localised and its data not documented.)

    Args:
        id: of the process.
        started: when the process was created, UTC, ISO 8601; None when Windows does not say.
        stopped: when our Set last saw the service stopped, UTC, ISO 8601; None when never.
        shared: other services run in this process, too.
    """

    id: int = Field(gt=0)
    started: Moment | None
    stopped: Moment | None
    shared: bool

    @property
    def since(self) -> datetime | None:
        """The service was started at this time or later; None when nothing is known."""
        return max(self._times, default=None)

    def known_since(self, now: datetime) -> datetime | None:
        """The same, without what a clock says that was changed since.

        Args:
            now: by the host's clock; a time later than that proves nothing.
        """
        possible = (time for time in self._times if time <= now + CLOCK_SLACK)
        return max(possible, default=None)

    @property
    def _times(self) -> list[datetime]:
        return [datetime.fromisoformat(time) for time in (self.started, self.stopped) if time]

    def __str__(self) -> str:
        since = f"{self.since:%Y-%m-%d %H:%M:%S} UTC" if self.since else "an unknown time"
        return f"process {self.id}{' (shared)' if self.shared else ''}, since {since} or later"


class Dependent(Model):
    """A service that needs another one to run.

    Args:
        name: its short name.
        status: whether it runs.
    """

    name: str
    status: ServiceStatus


class Service(Resource):
    """A service.

    Args:
        name: its short name, which is the same in every language.
        status: what it is doing.
        start_mode: when Windows starts it.
        process: where it runs; None when it does not. A new value is a restart.
        dependents: the services that need it; Windows does not stop it while one of them runs.
        in_use: what a stop would cut off: of MSiSCSI, the targets it has sessions with. None
            when that is not known: it does not run, or nothing is known of this service.
        display_name: what people call it, in the language of Windows; so do events name it.
    """

    kind: ClassVar[str] = "service"
    noun: ClassVar[str] = "service"
    function: ClassVar[str] = "Service"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    identity: ClassVar[tuple[str, ...]] = ("name",)
    settable: ClassVar[frozenset[str]] = frozenset({"status", "start_mode", "process"})
    volatile: ClassVar[frozenset[str]] = frozenset(
        {"process", "dependents", "in_use", "display_name"}
    )

    name: ServiceName
    status: ServiceStatus
    start_mode: StartMode
    process: ServiceProcess | None
    dependents: tuple[Dependent, ...]
    in_use: tuple[str, ...] | None
    display_name: str = ""

    @property
    def running_dependents(self) -> tuple[str, ...]:
        """Names of the services that would have to be stopped first."""
        stopped = ServiceStatus.STOPPED
        return tuple(other.name for other in self.dependents if other.status != stopped)

    @classmethod
    def named(cls, name: str) -> ResourceId:
        """What identifies a service, also one that is not there."""
        return ResourceId(kind=cls.kind, key={"name": name})

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "Services":
        """The question that returns one service."""
        return Services(names=(key["name"],))

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """A process in words; the rest says it itself."""
        if name == "process" and value is not None:
            return str(ServiceProcess.model_validate(value))
        return None

    @classmethod
    def same(cls, name: str, one: JsonValue, other: JsonValue) -> bool | None:
        """That others come to run in its process, or cease to, is no restart of this one."""
        if name != "process" or one is None or other is None:
            return super().same(name, one, other)
        alone = [ServiceProcess.model_validate(each) for each in (one, other)]
        first, second = (each.model_copy(update={"shared": False}) for each in alone)
        return first == second

    @classmethod
    def disrupts(cls, change: Change) -> bool:
        """A restart and a stop end what is connected to the service."""
        stopped = change.property == "status" and change.after == ServiceStatus.STOPPED
        return stopped or change.property == "process"

    def undo_conflict(self, change: Change, then: "Resource | None") -> str | None:
        """A service that somebody has come to need is not stopped again."""
        del then
        if change.property != "status" or change.before != ServiceStatus.STOPPED:
            return None
        return self._needed()

    def restart(self) -> Desire | None:
        """Another process; one that is stopped reads its values when it is started."""
        if self.status == ServiceStatus.STOPPED:
            return None
        return self.should_renew("process", "restarted")

    def restart_conflict(self) -> str | None:
        """What needs it would be cut off, and what cannot be started again stays stopped."""
        if self.status != ServiceStatus.RUNNING:
            return f"it is {self.status}"
        if self.start_mode == StartMode.DISABLED:
            return "it is disabled and could not be started again"
        return self._needed()

    def _needed(self) -> str | None:
        """What keeps it from being stopped."""
        if self.in_use:
            return f"it is connected to {', '.join(self.in_use)}"
        if self.running_dependents:
            return f"{', '.join(self.running_dependents)} would have to be stopped first"
        return None

    def unfinished(self, change: Change, then: "Resource") -> dict[str, JsonValue]:
        """A restart stops a service first; whether it was to run then is what it was before."""
        stopped = self.status in {ServiceStatus.STOPPED, ServiceStatus.STOP_PENDING}
        if change.property == "process" and stopped and isinstance(then, Service):
            return {} if then.status == self.status else {"status": then.recorded("status")}
        return {}


class Services(Query):
    """Some services; one that does not exist is not answered.

    Args:
        names: their short names.
    """

    resource: ClassVar[type[Resource]] = Service

    names: tuple[ServiceName, ...] = Field(min_length=1)
