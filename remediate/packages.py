"""What installed packages bring, by entry points."""

from importlib import metadata
from importlib.metadata import EntryPoint, EntryPoints, PackageNotFoundError, distribution


def entry_points(*, group: str) -> EntryPoints:
    """Entry points of packages as they are installed.

    While pip takes a version out, its folder has a name of pip's own, and it stays where pip is
    interrupted. To `importlib.metadata` that is another package, whose entry points it lists.

    Args:
        group: what they are for (`remediate.playbooks`).
    """
    found = metadata.entry_points(group=group)
    return EntryPoints(dict.fromkeys(point for point in found if _is_installed(point)))


def _is_installed(point: EntryPoint) -> bool:
    try:
        return point.dist is None or point in distribution(point.dist.name).entry_points
    except (PackageNotFoundError, ValueError):  # the latter: not even its name is there any more
        return False
