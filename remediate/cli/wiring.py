"""What the commands work with: transport, store, engine, terminal. Tests give fakes instead."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from remediate.cli.stop import Stop
from remediate.cli.terminal import Terminal
from remediate.redaction import Redaction

if TYPE_CHECKING:
    from pydantic import SecretStr

    from remediate.cli.settings_file import SettingsFile
    from remediate.engine.checking import Looked
    from remediate.engine.elsewhere.crew import Crew
    from remediate.engine.engine import Engine
    from remediate.engine.job import Settings
    from remediate.model.event import Event
    from remediate.model.host import Host
    from remediate.model.waiver import Waivers
    from remediate.store.place import StorePlace
    from remediate.store.protocol import Store
    from remediate.transport.dialing import Dialer
    from remediate.transport.gate import Gate
    from remediate.transport.protocol import Deadline, Transport


class Parts:
    """Makes the parts that a command needs, when it needs them.

    Args:
        transport: makes a transport, given what knows the passwords; None is
            the one that each host's settings name.
        store_setting: path or URL of the store; when empty, what `REMEDIATE_STORE` says.
        own_settings: the user's own settings file counts where no other is named.
        now: the time, in UTC.
    """

    def __init__(
        self,
        transport: "Callable[[Callable[[Host], SecretStr]], Transport] | None" = None,
        store_setting: str = "",
        *,
        own_settings: bool = True,
        now: "Callable[[], datetime] | None" = None,
    ) -> None:
        self._transport = transport
        self._store_setting = store_setting
        self.redaction = Redaction()
        self.terminal = Terminal(self.redaction)
        self.arguments: tuple[str, ...] = ()
        self.allow_open_files = False
        self.own_settings = own_settings
        self.now = now or partial(datetime.now, UTC)
        self.settings: SettingsFile | None = None
        self._crews: list[Crew] = []

    def start_logging(self) -> None:
        """Show what is logged: warnings of our own, or everything with `--debug`."""
        from remediate.cli.logs import start_logging

        start_logging(self.redaction, self.terminal.log, debug=self.terminal.debug)

    @contextmanager
    def store(self, *, make: bool = False) -> "Iterator[Store]":
        """The store, open.

        Args:
            make: make it when it is not there; for what begins the first run.

        Raises:
            StoreMissing: it is not there; nothing was made.
            StoreError: it cannot be used.
        """
        from remediate.store.sql import SqlStore

        self.start_logging()
        with SqlStore(self.place(), make=make) as store:
            yield store

    @contextmanager
    def store_if_there(self) -> "Iterator[Store | None]":
        """The store, open; None where none was made yet.

        Raises:
            StoreError: it cannot be used.
        """
        from remediate.store.errors import StoreMissing

        with ExitStack() as stack:
            store: Store | None = None
            with suppress(StoreMissing):
                store = stack.enter_context(self.store())
            yield store

    def engine(
        self,
        hosts: "Sequence[Host]",
        settings: "Settings",
        *,
        store: "Store | None" = None,
        emit: "Callable[[Event], None] | None" = None,
        peers: "Mapping[str, Host] | None" = None,
        waivers: "Waivers | None" = None,
    ) -> "Engine":
        """An engine for these hosts. Every password is looked up here, before any connection.

        Args:
            hosts: where it works.
            settings: how.
            store: the journal, for what writes.
            emit: hears of phases and verdicts.
            peers: the hosts that playbooks copy from, by name.
            waivers: what is left as it is.

        Raises:
            SecretError: the password of all hosts cannot be had.
            Stop: this machine is to be worked on, and is no Windows; or the wire that the
                environment names is none.
        """
        from dataclasses import replace

        from remediate.engine.engine import Engine
        from remediate.model.waiver import NO_WAIVERS
        from remediate.transport.chosen import ChosenTransport
        from remediate.transport.gate import Gate

        self.start_logging()
        _require_wire()
        if self._transport is None:
            _require_windows(hosts)
        gate = Gate()
        secrets = self._passwords([*hosts, *(peers or {}).values()])
        transport = (self._transport or partial(ChosenTransport, gate=gate))(secrets)
        dialer = transport.dialer if isinstance(transport, ChosenTransport) else None
        engine = Engine(
            transport=transport,
            settings=settings,
            emit=emit or (lambda _: None),
            peer=peers.__getitem__ if peers else None,
            redaction=self.redaction,
            interrupted=self.terminal.interrupted,
            approach=partial(_look, dialer) if dialer else None,
            waivers=waivers or NO_WAIVERS,
        )
        if store is not None:
            from remediate.store.run_lock import RunLock, is_running

            place = self.place()
            engine = replace(
                engine,
                store=store,
                spill_folder=place.folder,
                alive=lambda run: RunLock(run, place.locks),
                is_running=lambda run: is_running(run, place.locks),
            )
        processes = min(settings.processes, len(hosts))
        if processes > 1 and self._transport is None:
            engine = replace(engine, crew=self._crew(processes, engine, secrets, gate))
        return engine

    def _crew(
        self,
        processes: int,
        engine: "Engine",
        secrets: "Callable[[Host], SecretStr]",
        gate: "Gate",
    ) -> "Crew":
        """Other processes that work for an engine; they end with this one."""
        from remediate.engine.elsewhere.crew import Crew
        from remediate.engine.elsewhere.service import Shared
        from remediate.runner.processes import WorkerProcess

        place = self.place() if engine.store is not None else None
        shared = Shared(
            start=partial(WorkerProcess, "remediate.cli.worker"),
            secret_for=secrets,
            gate=gate,
            redaction=self.redaction,
            log=self.terminal.log,
            locks=place.locks if place else None,
            spill_folder=place.folder if place else None,
            debug=self.terminal.debug,
        )
        crew = Crew(processes, engine.settings.workers, shared)
        self._crews.append(crew)
        crew.start()
        return crew

    def close(self) -> None:
        """End what works for this process. Never raises, but for Ctrl-C."""
        for crew in self._crews:
            crew.close()

    def place(self) -> "StorePlace":
        """Where the store is, or would be.

        Raises:
            StoreError: its setting cannot be used.
        """
        from remediate.store.place import VARIABLE, store_place

        written = self.settings.store if self.settings else ""
        return store_place(self._store_setting or os.environ.get(VARIABLE) or written)

    def _passwords(self, hosts: "Sequence[Host]") -> "Callable[[Host], SecretStr]":
        from remediate.secrets import Secrets
        from remediate.secrets.own_files import require_files

        require_files(hosts, allow_open=self.allow_open_files)
        ask = self.terminal.ask_secret if self.terminal.interactive else None
        secrets = Secrets(ask, hosts, allow_open_files=self.allow_open_files)
        for host, secret in secrets.look_up(hosts):
            self.redaction.add(secret.get_secret_value(), host.user or "")
            self.redaction.typed(host.name, host.address, host.user or "")
        return secrets


def settings(options: Mapping[str, Any]) -> "Settings":
    """How a run goes about it, as the command line says.

    Args:
        options: values of the options that the command has, by name; None is not said.
    """
    from datetime import timedelta

    from remediate.engine.job import LEASE, TIMEOUT, Settings

    timeout: float = options["timeout"] or TIMEOUT
    names = ("workers", "processes", "auto_rollback", "accept_irreversible", "partial")
    said = {name: options[name] for name in names if options.get(name) is not None}
    return Settings(
        operator=operator(),
        timeout=timeout,
        lease=max(LEASE, timedelta(seconds=2 * timeout)),
        renamed=frozenset(options.get("renamed", ())),
        **said,
    )


def operator() -> str:
    """Who runs this, and on which controller."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


def _require_wire() -> None:
    """Make sure that the environment names no wire that there is none of.

    Raises:
        Stop: it does.
    """
    from remediate.transport.settings import WIRE_HINT
    from remediate.transport.wires import wire_of_environment

    try:
        wire_of_environment()
    except ValueError as error:
        raise Stop(str(error), WIRE_HINT) from None


def _require_windows(hosts: "Sequence[Host]") -> None:
    """Make sure that a run does not begin with this machine where that cannot work.

    Raises:
        Stop: it cannot.
    """
    from remediate.model.connection import Via
    from remediate.transport.local import NOT_HERE, windows_powershell

    if any(host.transport is Via.LOCAL for host in hosts):
        try:
            windows_powershell()
        except LookupError as error:
            raise Stop(str(error), NOT_HERE) from None


def _look(dialer: "Dialer", host: "Host", deadline: "Deadline") -> "Looked":
    """Go the way to a host without logging on, as `hosts check` does and no other command."""
    from remediate.transport.reach import look

    return look(host, deadline, dialer)
