"""Pages of the user guide that are made of what code says: each playbook, and the resources."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import remediate.resources
from remediate.cli.describing import describe
from remediate.model.description import Description
from remediate.playbook.catalogue import Catalogue
from remediate.resources.base import Query, Resource

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "playbooks"
RESOURCES = ROOT / "docs" / "resources.md"


def pages() -> dict[Path, str]:
    """What each page has to say, the list of all of them included."""
    known = Catalogue()
    found = [describe(known.load(name)) for name in sorted(known.entries)]
    texts = {FOLDER / f"{one.id}.md": "\n".join(_page(one)) + "\n" for one in found}
    texts[FOLDER / "index.md"] = "\n".join(_list(found)) + "\n"
    texts[RESOURCES] = "\n".join(_resources()) + "\n"
    return texts


def stale() -> list[Path]:
    """Pages that are missing, out of date, or about a playbook that is gone."""
    wanted = pages()
    there = {path: path.read_text(encoding="utf-8") for path in _there()}
    return sorted(path for path in wanted.keys() | there if wanted.get(path) != there.get(path))


def _there() -> Iterator[Path]:
    yield from FOLDER.glob("*.md")
    yield from filter(Path.exists, [RESOURCES])


def write() -> list[Path]:
    """Bring the pages up to date; returns those that were not."""
    changed, wanted = stale(), pages()
    for path in changed:
        if path in wanted:
            path.write_text(wanted[path], encoding="utf-8", newline="\n")
        else:
            path.unlink()
    return changed


def _list(found: list[Description]) -> Iterator[str]:
    yield "# Playbooks\n"
    yield "One page for each; `remediate show ID` prints the same.\n"
    yield "An audit of everything leaves out those that are marked so: name them, or give `--deep`."
    for topic in sorted({one.topic for one in found}):
        yield f"\n## {topic.capitalize()}\n"
        yield "| Playbook | What it makes true | |"
        yield "| --- | --- | --- |"
        for one in found:
            if one.topic == topic:
                yield f"| [{one.id}]({one.id}.md) | {one.title} | {', '.join(_marks(one))} |"


def _marks(one: Description) -> Iterator[str]:
    if one.only_looks:
        yield "only looks"
    if one.on_demand:
        yield "when named"
    if one.deep:
        yield "`--deep`"


def _resources() -> Iterator[str]:
    yield "# Resources\n"
    yield "What a playbook can ask for and write. A question goes into `observe`; what is seen has"
    yield "these properties, of which `should` can set the bold ones."
    for module in sorted(one.name for one in pkgutil.iter_modules(remediate.resources.__path__)):
        there = vars(importlib.import_module(f"remediate.resources.{module}")).values()
        own = [one for one in there if getattr(one, "__module__", "").endswith(f".{module}")]
        for query in own:
            if inspect.isclass(query) and issubclass(query, Query) and hasattr(query, "resource"):
                yield from _resource(module, query, query.resource)


def _resource(module: str, query: type[Query], resource: type[Resource]) -> Iterator[str]:
    yield f"\n## {resource.noun}\n"
    names = ", ".join(sorted({query.__name__, resource.__name__}))
    yield f"`from remediate.resources.{module} import {names}`\n"
    asked = ", ".join(f"{name}=…" for name in query.model_fields)
    yield f"- `{query.__name__}({asked})`: {prose(_first(query))}"
    marked = (f"**{n}**" if n in resource.settable else n for n in resource.model_fields)
    yield f"- `{resource.__name__}`: {prose(_first(resource))}"
    yield f"- Properties: {', '.join(marked)}"


def _first(kind: type) -> str:
    return (inspect.getdoc(kind) or "").partition("\n")[0]


def _page(one: Description) -> Iterator[str]:
    yield f"# {one.id}\n"
    yield f"**{one.title}.**"
    for paragraph in one.about:
        yield f"\n{prose(paragraph)}"
    yield f"\nSource: <{one.source}>"
    yield "\n```sh"
    needed = [f" {o.option} {o.kind}" for o in one.options if "required" in o.limits]
    words = f"{one.id} --host SRV01{''.join(needed)}"
    yield f"remediate audit {words}             # what is wrong; writes nothing"
    if not one.only_looks:
        yield f"remediate apply {words} --dry-run   # what would be written"
        yield f"remediate apply {words}             # shows the plan, asks, applies, proves"
    yield "```"
    yield "\n## Parameters\n"
    if not one.options:
        yield "None."
    for option in one.options:
        values = " ".join(
            f"`{words.replace(' | ', '`, `')}`" for words in (option.option, option.kind) if words
        )
        yield f"- {values}: {prose(option.about)} ({prose(option.limits)})"
    if one.only_looks:
        yield "\n## Risk\n"
        yield prose(one.risk)
    else:
        yield from _risk_and_rollback(one)
    yield from _reads(one)
    if not one.only_looks:
        yield from _writes(one)
    yield from _use(one)


def _risk_and_rollback(one: Description) -> Iterator[str]:
    yield "\n## Risk and rollback\n"
    yield f"- Risk: {prose(one.risk)}"
    yield f"- Rollback: {prose(one.rollback)}"
    for text in one.assumptions:
        yield f"- A dry run cannot know: {prose(text)}"


def _reads(one: Description) -> Iterator[str]:
    yield "\n## What is read\n"
    if not one.reads:
        yield "It depends on its parameters."
    for reading in one.reads:
        for where in reading.where:
            yield f"- {reading.resource}: `{where}`"


def _writes(one: Description) -> Iterator[str]:
    yield "\n## What may be written\n"
    yield "At most these properties, and of those only the ones that a dry run lists.\n"
    for writing in one.writes:
        names = ", ".join(f"`{name}`" for name in writing.properties)
        yield f"- {writing.resource}: {names}"


def _use(one: Description) -> Iterator[str]:
    yield "\n## When it is used\n"
    yield f"- Cures: {', '.join(f'`{name}`' for name in one.symptoms) or 'no known symptom'}"
    if one.rules:
        yield f"- Finds (`rule` in reports): {', '.join(f'`{name}`' for name in one.rules)}"
    if one.after:
        links = ", ".join(f"[{name}]({name}.md)" for name in one.after)
        yield f"- Order: after {links}, when both are applied"
    if one.on_demand:
        yield "- It has to be named: an audit of everything leaves it out"
    if one.deep:
        yield "- An audit of everything leaves it out, but for `audit --deep`"


def prose(text: str) -> str:
    r"""Text with what Markdown would swallow kept: backslashes and angle brackets."""
    parts = text.split("`")
    for index in range(0, len(parts), 2):
        parts[index] = parts[index].replace("\\", "\\\\").replace("<", "\\<").replace("*", "\\*")
    return "`".join(parts)
