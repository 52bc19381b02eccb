"""A playbook as data, as `remediate show` and the pages of the user guide have it."""

from pydantic import Field

from remediate.model.base import SCHEMA_VERSION, JsonValue, Model


class ParameterDescription(Model):
    """One parameter.

    Args:
        option: as it is typed (`--folder`); a switch both ways.
        kind: what kind of value it takes (`TEXT`), or which; empty for a switch.
        about: what it is for.
        limits: what is allowed and what counts when it is not given.
    """

    option: str
    kind: str
    about: str
    limits: str


class Reading(Model):
    """One question to a host.

    Args:
        resource: what it asks for (`task`).
        where: the question's own fields, each as a line.
    """

    resource: str
    where: tuple[str, ...]


class Writing(Model):
    """What may be written to one kind of resource.

    Args:
        resource: what a person calls it (`task`).
        properties: names of its properties that can be set.
    """

    resource: str
    properties: tuple[str, ...]


class Description(Model):
    """All that there is to say of a playbook before it is run.

    Args:
        id: what one types.
        title: what it makes true.
        about: why it exists, in paragraphs.
        source: address of the documentation of the fix.
        symptoms: ids of the symptoms it cures.
        after: ids of playbooks that come before it, when both are applied.
        on_demand: it has to be named: an audit of everything leaves it out.
        topic: what it is about, in a word; empty where its author does not say.
        deep: an audit of everything leaves it out, unless it is a deep one.
        only_looks: it gives advice and never changes a host.
        loosens: it makes a host less safe, so `apply --all-safe` leaves it out.
        risk: what a host may feel of it.
        rollback: what rollback brings back, and what not; empty for one that only looks.
        reads: the questions to a host, with the parameters' defaults.
        writes: the properties that may be written; a dry run says which will be.
        rules: its names for what it can find wrong.
        options: its parameters.
        assumptions: what a dry run cannot know.
        parameters: the JSON Schema of its parameters.
    """

    schema_version: int = SCHEMA_VERSION
    id: str
    title: str
    about: tuple[str, ...]
    source: str
    symptoms: tuple[str, ...]
    after: tuple[str, ...]
    on_demand: bool
    topic: str = ""
    deep: bool = False
    only_looks: bool = False
    loosens: bool = False
    risk: str
    rollback: str
    reads: tuple[Reading, ...]
    writes: tuple[Writing, ...]
    rules: tuple[str, ...] = ()
    options: tuple[ParameterDescription, ...]
    assumptions: tuple[str, ...]
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
