"""Pictures on the page: bars beside their numbers, and when hosts were worked on.

Whatever is to be seen stands in a table as well, for who listens to the page and for who copies
from it. The page's policy lets no element have a style of its own: a picture is as wide as its
place, and says where things are in units of its own.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from html import escape

from remediate.model.exit_code import ExitCode
from remediate.model.text import count
from remediate.report import words
from remediate.report.printable import printable
from remediate.report.times import Stretch, Times, besides
from remediate.report.waves import WaveTally
from remediate.report.words import took

SLOWEST = 20
"""Hosts whose time is shown each for itself."""

_MOST_WAVES = 100
"""Waves that are shown; those in a row whose hosts all have one verdict are one."""

_WIDE = 400
"""Units of a full bar."""

_LINE = 1000
"""Units of the time that a run took."""

_HIGH = 200
"""Units of all hosts."""

_STEPS = 200
"""Moments at which hosts are counted."""

_LOOKS = {ExitCode.OK: "good", ExitCode.PENDING: "warn"}


def escaped(text: str) -> str:
    """A text as text, whatever is in it."""
    return escape(printable(words.shortened(text, words.MAX_TEXT)))


def look_of(code: ExitCode) -> str:
    """How grave an exit code looks."""
    return _LOOKS.get(code, "bad")


def bar(many: int, of: int, look: str) -> str:
    """A picture of a number that stands beside it.

    Args:
        many: the number.
        of: what a full bar is.
        look: how grave it looks.
    """
    return _bar([(look, 0, max(2, round(_WIDE * many / max(of, 1))))], _WIDE)


def waves(of: WaveTally) -> Iterator[str]:
    """What became of the hosts of each wave; nothing where all of them went together.

    Args:
        of: the waves.
    """
    rows = of.rows()
    if not rows:
        return
    yield (
        '<section aria-labelledby="waves"><h2 id="waves">Waves</h2>\n'
        '<table><thead><tr><th scope="col">Wave</th><th scope="col" class="number">Hosts</th>'
        '<th scope="col">Verdicts</th><td class="picture" aria-hidden="true"></td></tr></thead>\n'
        "<tbody>\n"
    )
    for row in rows[:_MOST_WAVES]:
        parts, start = [], 0
        for _, many, code in of.parts(row):
            width = max(2, round(_WIDE * many / row.hosts))
            parts.append((look_of(code), start, width))
            start += width
        yield (
            f'<tr><th scope="row">{row.name}</th><td class="number">{row.hosts:,}</td>'
            f"<td>{escaped(of.sentence(row))}</td>{_bar(parts, max(_WIDE, start))}</tr>\n"
        )
    yield "</tbody></table>\n"
    if rest := rows[_MOST_WAVES:]:
        hosts = count(sum(row.hosts for row in rest), "host")
        yield f"<p>From wave {rest[0].first:,} on, {hosts} more; --format json has them.</p>\n"
    yield "</section>\n"


def times(of: Times, hosts: int) -> Iterator[str]:
    """When hosts were worked on; nothing where nobody has measured it.

    Args:
        of: the times.
        hosts: how many hosts were chosen.
    """
    if not of:
        return
    yield '<section aria-labelledby="time"><h2 id="time">Time</h2>\n'
    yield f"<p>{escaped(of.sentence(hosts))}</p>\n"
    if waited := of.waited_for():
        yield f"<p>Waited for: {escaped(waited)}.</p>\n"
    if len(of) > SLOWEST:
        yield from _finished(of)
    if len(of) > 1:
        yield from _slowest(of)
    yield "</section>\n"


def _finished(of: Times) -> Iterator[str]:
    """How many hosts had their verdict, over time."""
    ends, span = of.ends(), of.after(1)
    path, before = [f"M0 {_HIGH}"], _HIGH
    for step in range(_STEPS + 1):
        done = bisect_right(ends, span * step / _STEPS) if step < _STEPS else len(ends)
        high = _HIGH - round(_HIGH * done / len(ends))
        if high != before:
            path.append(f"H{_LINE * step // _STEPS}V{high}")
        before = high
    half, most = (round(_LINE * of.after(share) / (span or 1)) for share in (0.5, 0.9))
    said = f"Hosts that had a verdict, from 0 to {len(of):,}, over {took(span)}"
    shares = [
        (share, f"{-(-len(of) * share // 100):,} hosts", took(of.after(share / 100)))
        for share in range(10, 101, 10)
    ]
    told = "; ".join(f"{share} % after {after}" for share, _, after in shares)
    yield (
        f"<figure><figcaption>{said}; the lines are at half and at nine tenths of them"
        "</figcaption>\n"
        f'<svg class="finished" viewBox="0 0 {_LINE} {_HIGH}" preserveAspectRatio="none" '
        'role="img" aria-labelledby="finished-title" aria-describedby="finished-desc">'
        f'<title id="finished-title">{said}</title><desc id="finished-desc">{told}</desc>'
        f'<path class="line" d="{"".join(path)}H{_LINE}V{_HIGH}Z"/>'
        f'<path class="mark" d="M{half} 0V{_HIGH}M{most} 0V{_HIGH}"/></svg>\n'
        f"{_axis(span)}\n"
        "<details><summary>The same in numbers</summary>\n"
        '<table><thead><tr><th scope="col">With a verdict</th><th scope="col">Hosts</th>'
        '<th scope="col">After</th></tr></thead>\n<tbody>\n'
    )
    for share, many, after in shares:
        yield f'<tr><th scope="row">{share} %</th><td>{many}</td><td>{after}</td></tr>\n'
    yield "</tbody></table></details></figure>\n"


def _slowest(of: Times) -> Iterator[str]:
    """The hosts that took longest, and when they were worked on."""
    all_of_them, span = of.slowest(), of.after(1)
    shown = all_of_them[:SLOWEST]
    caption = f"All {len(of):,} hosts, the slowest first"
    if rest := all_of_them[SLOWEST:]:
        caption = (
            f"The slowest {len(shown)} of {len(of):,} hosts; "
            f"{count(len(rest), 'other')} took {took(rest[0].took)} at most"
        )
    yield (
        f'<table class="times"><caption>{caption}</caption>\n'
        '<thead><tr><th scope="col">Host</th><th scope="col" class="number">Begun after</th>'
        f'<th scope="col" class="number">Took</th><td class="picture">{_axis(span)}</td>'
        "</tr></thead>\n<tbody>\n"
    )
    for one in shown:
        yield _stretch(one, span)
    yield "</tbody></table>\n"


def _stretch(one: Stretch, span: float) -> str:
    name, more = escaped(one.host), escaped(besides(one.worked).lstrip(", "))
    start, end = (round(_LINE * at / (span or 1)) for at in (one.began, one.ended))
    wide = max(4, end - start)
    return (
        f'<tr><th scope="row"><a href="#hosts" data-host="{name}">{name}</a></th>'
        f'<td class="number">{took(one.began)}</td>'
        f'<td class="number"><data value="{one.took:.3f}">{took(one.took)}</data>'
        f"{f'<small>{more}</small>' if more else ''}</td>"
        f"{_bar([(look_of(one.code), min(start, _LINE - wide), wide)], _LINE)}</tr>\n"
    )


def _axis(span: float) -> str:
    marks = "".join(f"<span>{took(at)}</span>" for at in (0, span / 2, span))
    return f'<div class="axis" aria-hidden="true">{marks}</div>'


def _bar(parts: Iterable[tuple[str, int, int]], of: int) -> str:
    """A picture of parts: how grave each looks, where it starts, and how wide it is."""
    shown = ""
    for look, start, wide in parts:
        at = f' x="{start}"' if start else ""
        shown += f'<rect class="{look}"{at} width="{wide}" height="20"/>'
    return (
        f'<td class="picture" aria-hidden="true"><svg viewBox="0 0 {of} 20" '
        f'preserveAspectRatio="none"><rect class="back" width="{of}" height="20"/>'
        f"{shown}</svg></td>"
    )
