"""HTML: one file that is looked at from disk or as a CI system's artifact, without any network.

All of it is there without a script; the script only chooses which hosts are shown. A policy in
the page lets nothing else run or load, so what a host says cannot either.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from importlib.resources import files

from remediate.model.exit_code import GRAVITY, ExitCode
from remediate.model.text import count
from remediate.report import words
from remediate.report.account import Account, Told
from remediate.report.files import Piece
from remediate.report.lines import BAD, COMMAND, DIM, GOOD, STRONG, WARN, Line
from remediate.report.pictures import bar, escaped, look_of, times, waves
from remediate.report.reporter import Subject
from remediate.report.totals import MOST_NAMED, Row, Rows, Totals, grades, left_out

MOST = 40_000_000
"""Bytes of what is told of hosts; a browser shows so much without getting slow."""

FEW = 3
"""Hosts that are told in full without being asked."""

_STYLES = {
    GOOD: "good",
    WARN: "warn",
    BAD: "bad",
    "red": "was",
    DIM: "dim",
    STRONG: "strong",
    COMMAND: "command",
}


class HtmlForm:
    """Writes HTML.

    Args:
        subject: what the result is about.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._rows = Rows()
        self._waived = Rows()
        self._looks: dict[str, ExitCode] = {}

    def host(self, account: Account) -> Iterator[Piece]:
        """A part that opens, the gravest hosts first."""
        self._rows.add(account.host, account.open)
        self._waived.add(account.host, account.waived)
        self._looks.setdefault(account.verdict, account.code)
        found = " ".join(dict.fromkeys(map(_known_by, account.open)))
        numbers = " · ".join(filter(None, (grades(account.severities), *_besides(account))))
        is_open = " open" if len(self._subject.hosts) <= FEW else ""
        lines = "\n".join(map(_line, account.lines))
        text = (
            f'<details class="host" data-verdict="{escaped(account.verdict)}" '
            f'data-found="{escaped(found)}"{is_open}>\n'
            f'<summary><b class="name">{escaped(account.host)}</b> '
            f'<span class="verdict {look_of(account.code)}">{escaped(account.verdict)}</span> '
            f"<span>{numbers}</span></summary>\n<pre>{lines}</pre>\n</details>\n"
        )
        yield Piece(GRAVITY.index(account.code), text)

    def whole(self, totals: Totals, pieces: Iterable[Piece]) -> Iterator[str]:
        """The page."""
        subject = self._subject
        style, script = _ours("page.css"), _ours("page.js")
        policy = (
            f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "base-uri 'none'; form-action 'none'"
        )
        title = f"remediate {subject.command}{f' {subject.run}' if subject.run else ''}"
        yield (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n'
            '<meta name="referrer" content="no-referrer">\n'
            f"<title>{escaped(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
            f"<header><h1>remediate {escaped(subject.command)}</h1>\n"
        )
        if subject.run:
            yield f"<p>Run <code>{escaped(subject.run)}</code></p>\n"
        for text in subject.told:
            yield f"<p><code>{escaped(text)}</code></p>\n"
        yield (
            f"<p>{escaped(totals.sentence())}. Exit code {int(totals.code)}: "
            f"{escaped(totals.code.meaning)}.</p>\n"
        )
        for notice in totals.notices:
            yield f'<p class="warn">Waivers: {escaped(notice.text)}.</p>\n'
        yield "</header>\n<main>\n"
        yield from self._verdicts(totals)
        yield from waves(totals.waves)
        yield from self._findings(totals.hosts)
        yield from self._left_as_it_is(totals.hosts)
        yield from times(totals.times, totals.hosts)
        yield from self._hosts(totals, pieces)
        yield f"</main>\n<script>{script}</script>\n</body>\n</html>\n"

    def _verdicts(self, totals: Totals) -> Iterator[str]:
        yield '<section aria-labelledby="verdicts"><h2 id="verdicts">Verdicts</h2>\n'
        yield '<table><thead><tr><th scope="col">Verdict</th>'
        yield '<th scope="col" class="number">Hosts</th>'
        yield '<td class="picture" aria-hidden="true"></td></tr></thead>\n<tbody>\n'
        order = sorted(self._looks, key=lambda name: (GRAVITY.index(self._looks[name]), name))
        for name in order:
            many, look = totals.verdicts[name], look_of(self._looks[name])
            link = f'<a href="#hosts" data-verdict="{escaped(name)}">{many:,}</a>'
            yield (
                f'<tr><th scope="row"><span class="verdict {look}">{escaped(name)}</span></th>'
                f'<td class="number">{link}</td>{bar(many, totals.hosts, look)}</tr>\n'
            )
        yield "</tbody></table></section>\n"

    def _findings(self, hosts: int) -> Iterator[str]:
        rows = self._rows.ranked()
        yield '<section aria-labelledby="findings"><h2 id="findings">Findings</h2>\n'
        if not rows:
            yield "<p>Nothing is left to do.</p></section>\n"
            return
        yield '<table><thead><tr><th scope="col">Severity</th><th scope="col">Playbook</th>'
        yield '<th scope="col">Finding</th><th scope="col" class="number">Hosts</th>'
        yield '<td class="picture" aria-hidden="true"></td></tr></thead>\n<tbody>\n'
        for row in rows:
            yield _finding(row, hosts)
        yield "</tbody></table></section>\n"

    def _left_as_it_is(self, hosts: int) -> Iterator[str]:
        rows = self._waived.ranked()
        if not rows:
            return
        yield '<section aria-labelledby="waived"><h2 id="waived">Waived</h2>\n'
        yield '<table><thead><tr><th scope="col">Severity</th><th scope="col">Playbook</th>'
        yield '<th scope="col">Finding</th><th scope="col" class="number">Hosts</th>'
        yield '<td class="picture" aria-hidden="true"></td></tr></thead>\n<tbody>\n'
        for row in rows:
            yield _finding(row, hosts)
        yield "</tbody></table></section>\n"

    def _hosts(self, totals: Totals, pieces: Iterable[Piece]) -> Iterator[str]:
        options = "".join(f"<option>{escaped(name)}</option>" for name in sorted(self._looks))
        yield (
            '<section aria-labelledby="hosts"><h2 id="hosts" tabindex="-1">Hosts</h2>\n'
            '<form id="choose" hidden>\n'
            '<label>Search <input type="search" id="search" autocomplete="off" '
            'placeholder="name, playbook, text"></label>\n'
            '<label>Verdict <select id="verdict"><option value="">all</option>'
            f"{options}</select></label>\n"
            '<button type="button" id="open">Open all</button>\n'
            '<button type="button" id="close">Close all</button>\n'
            '<button type="reset">Show all hosts</button>\n'
            f'<p id="chosen" role="status">{count(totals.hosts, "host")}</p>\n</form>\n'
            '<div id="list">\n'
        )
        room = MOST
        left: Counter[ExitCode] = Counter()
        for piece in pieces:
            room -= len(piece.text)
            if left or room < 0:
                left[GRAVITY[piece.rank]] += 1
                continue
            yield piece.text
        yield "</div>\n"
        if left:
            yield f"<p>{left_out(left, 'in this file')}</p>\n"
        yield "</section>\n"


def _finding(row: Row, hosts: int) -> str:
    look = {"critical": "bad", "warning": "warn"}.get(row.severity, "dim")
    known = escaped(_known_by(row))
    names = ", ".join(map(escaped, row.first))
    more = f" and {row.hosts - len(row.first):,} more" if row.hosts > MOST_NAMED else ""
    many = f'<a href="#hosts" data-found="{known}">{row.hosts:,}</a>'
    if row.waived:
        look, many = "dim", f"{row.hosts:,}"
        names = f"{escaped(row.waived)}<br>{names}"
    return (
        f'<tr><td><span class="{look}">{escaped(row.severity)}</span></td>'
        f'<th scope="row"><code>{escaped(row.playbook)}</code></th>'
        f'<td>{escaped(str(row))}<br><small class="dim">{names}{more}</small></td>'
        f'<td class="number">{many}</td>'
        f"{bar(row.hosts, hosts, look)}</tr>\n"
    )


def _known_by(finding: Told | Row) -> str:
    return f"{finding.playbook}/{finding.rule}:{finding.severity}"


def _besides(account: Account) -> Iterator[str]:
    if account.waived:
        yield f"{len(account.waived)} waived"
    if many := len(account.unanswered):
        yield f"{count(many, 'question')} not answered"
    if account.worked:
        yield f'<span class="dim">{words.took(account.worked.own)}</span>'


def _line(line: Line) -> str:
    spans = "".join(
        f'<span class="{_STYLES[style]}">{escaped(text)}</span>'
        if style in _STYLES
        else escaped(text)
        for text, style in line.spans
    )
    return " " * line.indent + spans


def _ours(name: str) -> str:
    return files("remediate.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What the policy knows a style or script of ours by."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
