"""The hosts of a record, as they are to be reached now.

A record says how its hosts were reached. Whoever can write the store can have said it, so a record
does not decide alone which program runs here and who gets which secret. What this command line
says counts more. Of what is left to the record only the usual password is used unasked; whatever
else it names needs a person's yes.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediate.cli import connecting, pace, reaching, targets
from remediate.cli.asking import agreed
from remediate.cli.here import is_here, own_name, this_machine
from remediate.cli.lazy import FileName, Option
from remediate.cli.named_hosts import HERE, named
from remediate.cli.stop import Stop
from remediate.cli.terminal import Terminal
from remediate.cli.uses import Use, of_secret

if TYPE_CHECKING:
    from remediate.inventory.protocol import InventoryHost
    from remediate.model.host import Host
    from remediate.model.outcome import HostReport
    from remediate.model.problem import Problem
    from remediate.model.run import HostRecord

UNASKED = frozenset({"env:REMEDIATE_PASSWORD", "prompt:"})
"""The references to a password that a record may make without anybody being asked."""

_CA_FILE = "--ca-file"
_TLS_PIN = "--tls-pin"


def options() -> list[click.Option]:
    """Options of a command that goes to the hosts of a record."""
    return [
        Option(
            ["--host", "hosts"],
            multiple=True,
            metavar="NAME[=ADDRESS]",
            section=targets.HOSTS,
            help="Only this server of those on record; NAME=ADDRESS or NAME=ADDRESS:PORT also says "
            "where it is now, and NAME=. that it is this machine itself. Repeat it for several.",
        ),
        Option(
            ["-i", "--inventory"],
            type=FileName(path_type=Path),
            metavar="FILE",
            section=targets.HOSTS,
            help="A YAML file of servers: those on record are reached as it says, not as they were "
            "then.",
        ),
        Option(
            ["--renamed"],
            multiple=True,
            metavar="OLD",
            section=targets.HOSTS,
            help="Accept the computer that was called OLD when it was recorded, and has another "
            "name now. Repeat it for several.",
        ),
        *connecting.connection_options(),
        pace.processes_option(),
    ]


def to_be_named(hosts: "Collection[Host]") -> bool:
    """Whether a later command reaches these hosts as now only if it names them."""
    return any(host.in_the_clear for host in hosts)


def needed(hosts: "Collection[Host]") -> list[str]:
    """The options without which a later command could not reach these hosts as now."""
    if any(map(is_here, hosts)):
        return ["--transport", "local"]
    return ["--insecure"] if any(host.in_the_clear and not host.loopback for host in hosts) else []


class Reaching:
    """Says how the hosts of a record are reached by this command line.

    Args:
        options: values of `options()`, by name.
        names: the hosts on record.
        holder: what has them on record (`run 2026… has`), for an error.
        terminal: where hosts are shown and a person is asked.
        record: what the record is called (`plan`).
        vouched: this command line says, by its digest, that the record is the one that is meant:
            what it says to use needs nobody's yes.

    Raises:
        Stop: a host is named that is not on record, or an option makes no sense.
        InventoryError: the inventory cannot be used.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        names: Collection[str],
        holder: str,
        terminal: Terminal,
        *,
        record: str = "record",
        vouched: bool = False,
    ) -> None:
        self._options = options
        self._terminal = terminal
        self._what = record
        self._vouching = " or the plan's --digest" if record == "plan" else ""
        self._vouched = vouched
        self._said = reaching.said(options)
        self._usual = reaching.usual(options)
        self._only: str | None = options["passwords_only"]
        self._places = named(options["hosts"], names, holder)
        inventory = targets.inventory(options)
        listed = reversed(inventory.entries()) if inventory else ()  # the first of a name counts
        self._inventory = {entry.name.casefold(): entry for entry in listed}

    def chosen(self, host: "Host") -> bool:
        """Whether this command is about a host; about all of them when none is named."""
        return not self._places or host.name in self._places

    def __call__(self, records: "Sequence[HostRecord]") -> "list[HostRecord | HostReport]":
        """Each record with its host as it is reached now, or the report that refuses it.

        Hosts whose address is not their name are shown, and a person is asked once for each
        thing that needs a yes. Nothing has been sent and no secret looked up when this returns.
        """
        from remediate.model.run import HostRecord

        reached = [self._reached(record) for record in records]
        hosts = [each.host for each in reached if isinstance(each, HostRecord)]
        for text in dict.fromkeys(_where(host) for host in hosts if not _apparent(host)):
            self._terminal.say(f"{text}.")
        wanted: dict[Use, list[Host]] = {}
        for host in hosts:
            for use in self._uses(host):
                wanted.setdefault(use, []).append(host)
        denied = {use for use, by in wanted.items() if not self._agreed(use, by)}
        return [
            self._admitted(each, denied) if isinstance(each, HostRecord) else each
            for each in reached
        ]

    # --- where a host is, and how one logs on there -------------------------------------------

    def _reached(self, record: "HostRecord") -> "HostRecord | HostReport":
        from remediate.model.problem import Problem

        host = record.host
        if record.intent is not None and record.intent.host != host:
            return _contradiction(host, record.intent.host)
        try:
            now = self._now(host)
        except Stop as stop:
            problem = Problem(code="wrong_settings", message=stop.message, hint=stop.hint)
            return _refused(host, problem)
        if self._by_record(host) and now.in_the_clear and not self._may_be_read(now):
            return self._readable(now)
        return record.model_copy(update={"host": now})

    def _readable(self, host: "Host") -> "HostReport":
        from remediate.model.problem import Problem
        from remediate.report.words import command_line

        named = f"name it with {command_line(['--host', host.name])}{self._vouching}"
        accept = named if host.loopback else "accept it with --insecure"
        problem = Problem(
            code="in_the_clear",
            message=f"whoever listens there would get the password ({_where(host)}), and a "
            f"{self._what} alone does not decide that",
            hint=f"If it is the right host, {accept}; or log on with --auth negotiate.",
        )
        return _refused(host, problem)

    def _by_record(self, host: "Host") -> bool:
        """Whether the record alone describes a host, but for what the command line says."""
        return host.name.casefold() not in self._inventory

    def _now(self, host: "Host") -> "Host":
        """A host where and as it is now.

        Raises:
            Stop: it cannot be connected to as it is described.
        """
        place = self._places.get(host.name)
        if place == HERE:
            return this_machine(host.name, self._said)
        options = dict(self._options)
        if place and place.port:
            options["port"] = place.port
        if self._by_record(host):
            if is_here(host) and not (place and place.address):
                return self._here_again(host)
            entry = _entry(host, options["port"])
            options["config"] = None  # what nobody said then is not said now
            options["insecure"] = True  # so that it can be described; see `_may_be_read`
        else:
            entry = replace(self._inventory[host.name.casefold()], name=host.name)
        if place and place.address:
            entry = replace(entry, address=place.address)
        now = reaching.reached(entry, options, named=False, interactive=self._terminal.interactive)
        return _pruned(now, insecure=bool(self._said.insecure)) if self._by_record(host) else now

    def _here_again(self, host: "Host") -> "Host":
        """A host on which the run worked as this machine does now, without a connection.

        Raises:
            Stop: this is another machine, or is to be connected to.
        """
        if host.name.casefold() != own_name().casefold():
            raise Stop(
                f"the run worked on {host.name} without WinRM, and this machine is {own_name()}",
                f"Run it there; or say how WinRM reaches it: --host {host.name}=ADDRESS.",
            )
        return this_machine(host.name, self._said)

    def _may_be_read(self, host: "Host") -> bool:
        """Whether this command line lets a password go there without encryption."""
        meant = self._vouched or host.name in self._places
        return bool(self._said.insecure) or (host.loopback and meant)

    # --- what a person has to agree to ----------------------------------------------------------

    def _uses(self, host: "Host") -> Iterator[Use]:
        """What is to be used because the record says so, and nothing else does."""
        if not self._by_record(host):
            return
        unasked = {self._only, "prompt:"} if self._only else UNASKED
        if is_here(host) and not (self._said.transport or self._places.get(host.name) == HERE):
            what = "work on this machine itself"
            yield Use(what, what, "--transport local")
        if self._alone(host, "password") and host.password not in unasked:
            yield of_secret(host.password or "")
        if self._alone(host, "ca_file"):
            what = f"trust the authority in the file {host.ca_file}"
            yield Use(what, what, _CA_FILE)
        if self._alone(host, "tls_pin"):
            what = f"trust the certificate with the pin {host.tls_pin}"
            yield Use(what, what, _TLS_PIN)
        if self._alone(host, "cert_file") or self._alone(host, "key_file"):
            what = f"log on with the certificate {host.cert_file} and the key {host.key_file}"
            yield Use(what, what, "--cert-file and --key-file")
        if self._alone(host, "keytab"):
            what = f"log on with the keys in the keytab {host.keytab}"
            yield Use(what, what, "--keytab")

    def _alone(self, host: "Host", name: str) -> bool:
        """Whether only the record says a setting, and neither this person nor their own file."""
        value = getattr(host, name)
        said, usual = getattr(self._said, name), getattr(self._usual, name)
        return value is not None and not said and value != usual

    def _forbidden(self, use: Use) -> bool:
        """Whether a person's yes would not count: `--passwords-only` holds whoever types it."""
        return bool(self._only) and use.option not in {_CA_FILE, _TLS_PIN}

    def _agreed(self, use: Use, hosts: "Sequence[Host]") -> bool:
        if self._vouched and not self._forbidden(use):
            return True
        if not self._terminal.interactive or not use.what or self._forbidden(use):
            return False
        self._terminal.say(
            f"The {self._what} says to {use.what}, and this command line does not. For:"
        )
        for text in dict.fromkeys(_where(host) for host in hosts):
            self._terminal.say(f"  {text}")
        return agreed(self._terminal, "Is that right?")

    def _admitted(
        self, record: "HostRecord", denied: "Collection[Use]"
    ) -> "HostRecord | HostReport":
        from remediate.model.problem import Problem

        host = record.host
        uses = [use for use in self._uses(host) if use in denied]
        if not uses:
            return record
        briefs = " and to ".join(use.brief for use in uses)
        what = f"the {self._what} says to {briefs} ({_where(host)})"
        if any(map(self._forbidden, uses)):
            message = f"{what}, and --passwords-only allows {self._only} only"
            hint = "If it is right, leave out --passwords-only."
            return _refused(host, Problem(code="not_agreed", message=message, hint=hint))
        options = " and ".join(use.option for use in uses)
        hint = f"If it is right, give it with {options}{self._vouching}"
        askable = all(use.what for use in uses)
        if askable and self._terminal.interactive:
            message = f"{what}, and you answered no"
            return _refused(host, Problem(code="declined", message=message, hint=f"{hint}."))
        message = f"{what}, and nobody here has agreed to that"
        hint += ", or answer at a terminal." if askable else "."
        return _refused(host, Problem(code="not_agreed", message=message, hint=hint))


def _entry(host: "Host", port: int | None) -> "InventoryHost":
    """A host of a record, as an inventory would have it.

    Args:
        host: as it was reached then.
        port: what the command line says.
    """
    from remediate.inventory.protocol import InventoryHost
    from remediate.model.connection import SETTINGS, Connection

    then = {setting.name: getattr(host, setting.name) for setting in SETTINGS}
    if is_here(host):
        then["transport"] = None  # where it is now somebody else has said
    # Plain HTTP was for the port of then; what is spoken on another follows from its number.
    tls = host.tls or (None if port else False)
    return InventoryHost(
        host.name, host.address, Connection(**{**then, "tls": tls, "insecure": None})
    )


def _pruned(host: "Host", *, insecure: bool) -> "Host":
    """A host of a record without what is not used, and readable only if it was said just now."""
    from remediate.model.connection import Auth

    unused = set() if host.tls else {"ca_file", "tls_pin", "proxy"}
    unused |= set() if host.auth is Auth.CERTIFICATE else {"cert_file", "key_file"}
    return host.model_copy(update={"insecure": insecure, **dict.fromkeys(unused)})


def _where(host: "Host") -> str:
    """A host, its address and how one logs on there."""
    if is_here(host):
        return f"{host.name} is this machine itself"
    user = f" as {host.user}" if host.user else ""
    speaks = f"{host.auth.value} over {'TLS' if host.tls else 'HTTP'}"
    through = f" through the proxy {host.proxy}" if host.proxy else ""
    return f"{host.name} is at {host.endpoint}{through}: {speaks}{user}"


def _apparent(host: "Host") -> bool:
    """Whether its name says where a host is."""
    from remediate.model.connection import HTTP_PORT, HTTPS_PORT

    if is_here(host):
        return True
    if host.proxy:
        return False
    name = host.name.rstrip(".").lower()
    usual = host.port in {HTTP_PORT, HTTPS_PORT} and name == host.address.rstrip(".").lower()
    return usual or name == host.endpoint


def _contradiction(host: "Host", intent: "Host") -> "HostReport":
    from remediate.engine.recorded import RecordRefusedError, refused_record
    from remediate.report.words import join

    began, wrote = host.model_dump(), intent.model_dump()
    differ = sorted(name for name in began if began[name] != wrote[name])
    fields = join(name.replace("_", " ") for name in differ)
    message = f"the record says that the run began with another {fields} than it wrote with"
    return refused_record(host.name, RecordRefusedError(message))


def _refused(host: "Host", problem: "Problem") -> "HostReport":
    from remediate.model.outcome import HostReport, Outcome

    return HostReport(host=host.name, outcome=Outcome.REFUSED, problem=problem)
