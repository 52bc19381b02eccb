"""Where the store is: a file of the user, or a database for a team."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from remediate.store.errors import StoreUnavailable

VARIABLE = "REMEDIATE_STORE"
"""Environment variable with the path of a file or the URL of a database."""


@dataclass(frozen=True)
class StorePlace:
    """Where the store is.

    Args:
        folder: of the user on this machine; holds locks and spill files, and the database if it
            is a file.
        file: the SQLite database; None for a database server.
        url: SQLAlchemy's address of the database server; may hold a password.
    """

    folder: Path
    file: Path | None = None
    url: str = field(default="", repr=False)

    def __str__(self) -> str:
        if self.file:
            return str(self.file)
        from sqlalchemy import make_url  # noqa: PLC0415 - heavy, and a file does without it
        from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 - as above

        try:
            url = make_url(self.url)
        except ArgumentError:
            return f"named by {VARIABLE}"
        # Built from parts: the query of a URL may hold a password too.
        return f"{url.drivername}://{url.host or ''}/{url.database or ''}"

    @property
    def locks(self) -> Path:
        """Folder of the locks that living runs hold."""
        return self.folder / "locks"


def store_place(setting: str = "", environ: Mapping[str, str] = os.environ) -> StorePlace:
    """Where the store is to be.

    Args:
        setting: path or URL; when empty `REMEDIATE_STORE` counts, then the user's data folder.
        environ: the environment.

    Raises:
        StoreUnavailable: a SQLite URL that names no file.
    """
    home = Path(platformdirs.user_data_dir("remediate", appauthor=False))
    text = setting or environ.get(VARIABLE, "")
    if not text:
        return StorePlace(folder=home, file=home / "remediate.db")
    scheme, separator, rest = text.partition("://")
    if separator and not scheme.startswith("sqlite"):
        return StorePlace(folder=home, url=text)
    path = rest.removeprefix("/").partition("?")[0] if separator else text
    if path in {"", ":memory:"}:
        raise StoreUnavailable(
            text,
            "it names no file, and what is kept in memory is lost with the process",
            f"Set {VARIABLE} to the path of a file.",
        )
    file = Path(path).expanduser().absolute()
    return StorePlace(folder=file.parent, file=file)
