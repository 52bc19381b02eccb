"""Nobody is changed without a yes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from remediate.cli.asking import Asking
from remediate.cli.terminal import Terminal
from remediate.model.plan import Plan, Refusal
from remediate.report.reporter import Subject


class Answers:
    """A terminal at which a person types these lines, and then has left."""

    def __init__(self, *lines: str) -> None:
        self._lines = list(lines)
        self.asked: list[str] = []
        self.interrupted = threading.Event()
        self._busy = threading.Lock()

    @contextmanager
    def quiet(self) -> Iterator[None]:
        assert self._busy.acquire(blocking=False), "two hosts talk to the person at once"
        yield
        self._busy.release()

    def ask(self, text: str) -> str:
        self.asked.append(text)
        return self._lines.pop(0) if self._lines else ""


Ask = Callable[..., tuple[list[bool | None], Answers]]


@pytest.fixture
def answers() -> Ask:
    """What is decided for some hosts when a person types some lines."""

    def decide(hosts: list[str], *lines: str) -> tuple[list[bool | None], Answers]:
        person = Answers(*lines)
        asking = Asking(cast("Any", person), Subject(command="apply", hosts=hosts))
        return [asking(Plan(host=host, playbooks=())) for host in hosts], person

    return decide


@pytest.mark.parametrize(
    ("line", "decided"),
    [("yes\n", True), ("Y\n", True), ("no\n", False), ("n\n", False), ("", False), ("q\n", False)],
)
def test_one_host(line: str, decided: bool, answers: Ask) -> None:
    decisions, person = answers(["A"], line)
    assert decisions == [decided]
    assert person.asked == ["Write this to A? [yes/no] "]


def test_whatever_is_not_an_answer_is_asked_again(answers: Ask) -> None:
    decisions, person = answers(["A"], "\n", "maybe\n", "all\n", "yes\n")
    assert decisions == [True]
    assert len(person.asked) == 4


def test_all_answers_for_the_rest(answers: Ask) -> None:
    decisions, person = answers(["A", "B", "C"], "no\n", "all\n")
    assert decisions == [False, True, True]
    assert len(person.asked) == 2


@pytest.mark.parametrize("line", ["quit\n", ""])
def test_quit_and_the_end_of_input_refuse_the_rest(line: str, answers: Ask) -> None:
    decisions, person = answers(["A", "B", "C"], "yes\n", line)
    assert decisions == [True, False, False]
    assert len(person.asked) == 2


def test_hosts_ask_one_after_the_other() -> None:
    person = Answers(*["yes\n"] * 20)
    subject = Subject(command="apply", hosts=[str(number) for number in range(20)])
    asking = Asking(cast("Any", person), subject)
    decided: list[bool | None] = []

    def ask(host: str) -> None:
        decided.append(asking(Plan(host=host, playbooks=())))

    threads = [threading.Thread(target=ask, args=(host,)) for host in subject.hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert decided == [True] * 20


@pytest.mark.parametrize("irreversible", [(), ("a restart cannot be undone",)])
def test_a_run_that_is_stopped_at_the_question_has_no_answer_and_shows_no_further_host(
    irreversible: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    class Leaving(Answers):
        def ask(self, text: str) -> str:
            self.interrupted.set()
            return super().ask(text)

    person = Leaving()
    asking = Asking(cast("Any", person), Subject(command="apply", hosts=["A", "B"]))
    plans = [Plan(host=host, playbooks=(), irreversible=irreversible) for host in "AB"]
    assert [asking(plan) for plan in plans] == [None, None]
    assert len(person.asked) == 1
    shown = capsys.readouterr().err
    assert ("A" in shown, "B" in shown) == (True, False)


def test_a_question_ends_when_the_run_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C reaches the main thread only; the thread that asks must not wait for a line."""
    left = threading.Event()
    monkeypatch.setattr("remediate.cli.terminal._read_line", lambda _: left.wait(30))
    terminal = Terminal(lambda text: text)  # type: ignore[arg-type]
    terminal.interrupted.set()
    try:
        assert terminal.ask("? ") == ""
    finally:
        left.set()


def test_a_host_that_logs_does_not_wait_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    """While one host asks, another must not run out of time because it has something to log."""
    terminal = Terminal(lambda text: text)  # type: ignore[arg-type]
    with terminal.quiet():
        other = threading.Thread(target=terminal.log, args=("from another host",))
        other.start()
        other.join(60)
        assert not other.is_alive()
        assert capsys.readouterr().err == ""
    assert capsys.readouterr().err == "from another host\n"


FOR_GOOD = "the restart of MSiSCSI cannot be undone"


@pytest.mark.parametrize(
    ("line", "decided"),
    [("A\n", True), ("yes\n", False), ("a\n", False), ("\n", False), ("", False)],
)
def test_what_cannot_be_undone_takes_the_name_of_the_host(line: str, decided: bool) -> None:
    person = Answers(line)
    asking = Asking(cast("Any", person), Subject(command="apply", hosts=["A"]))
    assert asking(Plan(host="A", playbooks=(), irreversible=(FOR_GOOD,))) is decided


def test_all_does_not_answer_for_what_cannot_be_undone() -> None:
    person = Answers("all\n", "no\n")
    asking = Asking(cast("Any", person), Subject(command="apply", hosts=["A", "B"]))
    assert asking(Plan(host="A", playbooks=()))
    assert not asking(Plan(host="B", playbooks=(), irreversible=(FOR_GOOD,)))


def test_what_was_accepted_on_the_command_line_is_asked_like_anything_else() -> None:
    person = Answers("yes\n")
    subject = Subject(command="apply", hosts=["A"])
    asking = Asking(cast("Any", person), subject, accepted=True)
    assert asking(Plan(host="A", playbooks=(), irreversible=(FOR_GOOD,)))


def test_what_is_left_out_is_part_of_the_question_and_all_does_not_answer_it() -> None:
    left = (Refusal(playbook="a-fix", text="no"), Refusal(playbook="b-fix", text="no"))
    whole, part = Plan(host="A", playbooks=()), Plan(host="B", playbooks=(), left_out=left)
    person = Answers("all\n", "no\n")
    asking = Asking(cast("Any", person), Subject(command="apply", hosts=["A", "B"]))
    assert [asking(whole), asking(part), asking(whole)] == [True, False, True]
    assert person.asked[1] == "Write this to B, without a-fix and b-fix? [yes/no/all/quit] "

    person = Answers("all\n")
    subject = Subject(command="apply", hosts=["A", "B"])
    asking = Asking(cast("Any", person), subject, partial=True)
    assert [asking(whole), asking(part)] == [True, True]
