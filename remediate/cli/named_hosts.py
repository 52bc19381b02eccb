"""The hosts of a record that a command line names, and where it says they are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from remediate.cli.here import THIS_MACHINE, own_name
from remediate.cli.stop import Stop


@dataclass(frozen=True, slots=True)
class Place:
    """Where the command line says a host is; nowhere else than on record when it only names it."""

    address: str | None = None
    port: int | None = None


HERE = Place(THIS_MACHINE)
"""This machine itself."""


def named(texts: Sequence[str], names: Collection[str], holder: str) -> dict[str, Place]:
    """The hosts that `--host` names, and where it says they are.

    Args:
        texts: what was typed.
        names: the hosts on record.
        holder: what has them on record, for an error.

    Raises:
        Stop: a host is not on record, or nobody can tell where it is.
    """
    from remediate.model.address import split_target

    places: dict[str, Place] = {}
    own = {name.casefold(): name for name in names}.get(own_name().casefold())
    for given in texts:
        text = f"{own}=." if given == THIS_MACHINE and own else given
        name, equals, target = (text, "", "") if text in names else text.rpartition("=")
        name = name if equals else text
        if name not in names:
            known = f"There are {', '.join(sorted(names))}." if names else "There is none."
            raise Stop(f"{holder} no host {name!r}", known)
        try:
            if target == THIS_MACHINE:
                place = HERE
            else:
                place = Place(*split_target(target)) if equals else Place()
        except ValueError as error:
            raise Stop(
                f"--host {name}: {error}", "Write NAME=ADDRESS or NAME=ADDRESS:PORT."
            ) from None
        if places.setdefault(name, place) != place:
            raise Stop(f"--host says more than once where {name} is", "Say it once.")
    return places
