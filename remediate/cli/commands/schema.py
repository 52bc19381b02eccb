"""`remediate schema`: the JSON Schema of everything that is published."""

import difflib
import json
from typing import TYPE_CHECKING

import click

from remediate.cli.lazy import Command
from remediate.cli.stop import Stop

if TYPE_CHECKING:
    from remediate.model.base import Model


def published() -> "dict[str, type[Model]]":
    """The models whose JSON other programs may rely on, by name."""
    from remediate.model.audit import AuditRecord
    from remediate.model.description import Description
    from remediate.model.diagnosis import Diagnosis
    from remediate.model.document import (
        Closed,
        Configuration,
        Document,
        HostListing,
        PlaybookListing,
        Reconciliation,
        RunListing,
        Summary,
    )
    from remediate.model.event import HostFinished, HostPhase, HostProgress
    from remediate.model.facts import Facts
    from remediate.model.host import Host
    from remediate.model.outcome import HostReport
    from remediate.model.plan import Plan
    from remediate.model.run import Intent, Run, RunRecord, RunSummary
    from remediate.model.saved_plan import SavedPlan
    from remediate.model.validation import Validation
    from remediate.model.waiver import WaiverList

    models: tuple[type[Model], ...] = (
        Document,
        HostReport,
        Plan,
        SavedPlan,
        HostPhase,
        HostProgress,
        HostFinished,
        Summary,
        Run,
        RunRecord,
        RunSummary,
        AuditRecord,
        Facts,
        Intent,
        Reconciliation,
        Closed,
        Host,
        Description,
        PlaybookListing,
        RunListing,
        HostListing,
        Configuration,
        Diagnosis,
        WaiverList,
        Validation,
    )
    return {model.__name__: model for model in models}


def _run(model: str | None) -> int:
    from remediate.model.base import SCHEMA_VERSION
    from remediate.model.schema import schema_of

    models = published()
    if model is None:
        schemas = {name: schema_of(each) for name, each in models.items()}
        click.echo(json.dumps({"schema_version": SCHEMA_VERSION, "schemas": schemas}, indent=2))
        return 0
    name = next((name for name in models if name.casefold() == model.casefold()), None)
    if name is None:
        near = difflib.get_close_matches(model, models, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(models)}."
        raise Stop(f"there is no published model {model!r}", hint)
    click.echo(json.dumps(schema_of(models[name]), indent=2))
    return 0


command = Command(
    "schema",
    callback=_run,
    help="Print the JSON Schema of a published MODEL (Document is what --format json writes), "
    "or of all.",
    params=[click.Argument(["model"], required=False)],
)
