"""Where an inventory has a host, for programs that show a file's line."""

from pathlib import Path


def place_of(at: str) -> tuple[Path, int] | None:
    r"""The file, relative to the working folder where it lies below it, and the line.

    Args:
        at: as an inventory says it (`prod.yaml:12:7`, `C:\prod.yaml:12:7`); empty where nobody
            knows.
    """
    if not at:
        return None
    path, line, _ = at.rsplit(":", 2)
    file = Path(path)
    if file.is_absolute() and file.is_relative_to(Path.cwd()):
        file = file.relative_to(Path.cwd())
    return file, int(line)
