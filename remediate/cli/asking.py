"""Asks a person before a host is changed, one host at a time."""

import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from remediate.cli.lazy import Option
from remediate.cli.stop import Stop
from remediate.cli.terminal import Terminal
from remediate.model.exit_code import ExitCode

if TYPE_CHECKING:
    from remediate.model.plan import Plan
    from remediate.report.reporter import Subject


SAFETY = "Before and after writing"

_YES, _NO = {"y", "yes"}, {"n", "no"}


def writing_options() -> list[click.Option]:
    """Options of every command that writes."""
    return [
        Option(
            ["--dry-run"],
            is_flag=True,
            section=SAFETY,
            help="Only say what would be written.",
        ),
        Option(
            ["--yes"],
            is_flag=True,
            section=SAFETY,
            help="Do not ask before each host.",
        ),
        Option(
            ["--accept-irreversible"],
            is_flag=True,
            section=SAFETY,
            help="Also do what no rollback can take back, such as a restart.",
        ),
    ]


class Asking:
    """Shows the plan of a host and asks; "all" and "quit" answer for the hosts after it, too.

    Args:
        terminal: where the person is.
        subject: what the command is about.
        accepted: what cannot be undone was accepted on the command line.
        partial: so was leaving out what must not be applied.
    """

    def __init__(
        self,
        terminal: Terminal,
        subject: "Subject",
        *,
        accepted: bool = False,
        partial: bool = False,
    ) -> None:
        self._terminal = terminal
        self._subject = subject
        self._accepted = accepted
        self._partial = partial
        self._lock = threading.Lock()
        self._for_the_rest: bool | None = None

    def __call__(self, plan: "Plan") -> bool | None:
        """Whether to go on with this plan; None when the run was stopped before that was said.

        Called in the host's thread.
        """
        from remediate.report.console import print_lines
        from remediate.report.lines import plan_lines

        final = bool(plan.irreversible) and not self._accepted
        special = final or (bool(plan.left_out) and not self._partial)
        with self._lock:
            if self._for_the_rest is False or (self._for_the_rest and not special):
                return self._for_the_rest
            if self._terminal.interrupted.is_set():
                return None
            with self._terminal.quiet():
                print_lines(plan_lines(plan, self._subject), sys.stderr)
                return self._typed(plan) if final else self._answer(plan)

    def _asked(self, question: str) -> str | None:
        """The line that was typed: "" when the input has ended, None when the run was stopped."""
        line = self._terminal.ask(question)
        return line if line or not self._terminal.interrupted.is_set() else None

    def _typed(self, plan: "Plan") -> bool | None:
        """Whether the host's name was typed: a yes is too easily said to what is for good."""
        host, without = plan.host, _without(plan)
        text = (
            f"This cannot be taken back. Type {host} to do it{without}, anything else to leave it: "
        )
        line = self._asked(text)
        return None if line is None else line.strip() == host

    def _answer(self, plan: "Plan") -> bool | None:
        several = len(self._subject.hosts) > 1
        forms = "yes/no/all/quit" if several else "yes/no"
        while True:
            line = self._asked(f"Write this to {plan.host}{_without(plan)}? [{forms}] ")
            if line is None:
                return None
            word = line.strip().lower()
            if word in _YES:
                return True
            if word in _NO:
                return False
            if several and word in {"a", "all"}:
                self._for_the_rest = True
                return True
            if not line or word in {"q", "quit"}:  # no line at all: the input has ended
                self._for_the_rest = False
                return False


def _without(plan: "Plan") -> str:
    """What a plan leaves out, for a question about it."""
    from remediate.report.words import join

    return f", without {join(left.playbook for left in plan.left_out)}" if plan.left_out else ""


def agreed(terminal: Terminal, question: str) -> bool:
    """Ask until somebody says yes or no; the end of the input is a no."""
    while True:
        line = terminal.ask(f"{question} [yes/no] ")
        word = line.strip().lower()
        if word in _YES:
            return True
        if not line or word in _NO:
            return False


def confirm(terminal: Terminal, subject: "Subject", options: Mapping[str, Any]) -> Asking | None:
    """Who decides about each plan: a person, or nobody with `--yes`.

    Args:
        terminal: where the person is.
        subject: what the command is about.
        options: values of its options, by name.

    Raises:
        Stop: there is no person to ask.
    """
    if options["yes"]:
        return None
    require_person(terminal, yes=False)
    accepted: bool = options["accept_irreversible"]
    return Asking(terminal, subject, accepted=accepted, partial=options.get("partial", False))


def require_person(terminal: Terminal, *, yes: bool) -> None:
    """Make sure that somebody can be asked, before anything else is done.

    Raises:
        Stop: nobody can, and `--yes` was not given.
    """
    if not yes and not terminal.interactive:
        raise Stop(
            "cannot ask for confirmation without a terminal; nothing was changed",
            "Look with --dry-run first, then give --yes.",
            ExitCode.REFUSED,
        )
