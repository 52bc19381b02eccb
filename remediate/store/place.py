"""Where the store is: a file of the user, or a database for a team."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from remediate.store.errors import StoreUnavailable

VARIABLE = "REMEDIATE_STORE"
"""Environment variable with the path of a file or the URL of a database."""

FORMS = f"Set {VARIABLE} to a path, or to postgresql+psycopg://user@server/database."
"""What to do where none of these is said."""

_A_URL = "it looks like the address of a database, and is none"
_LIKE_A_URL = re.compile(
    r"[a-z][a-z0-9+.-]+:"  # a scheme, but not the letter of a drive
    r"|(sqlite|postgres(ql)?|mysql|mariadb|oracle|mssql)(\+\w+)?//"
    r"|(.*[/\\])?[^/\\]*:[^/\\]*@"  # user:password@
    r"|\s*(host|hostaddr|port|dbname|user|password|passfile|service|sslmode)\s*="  # libpq's pairs
    r"|(\s*\w+\s*=\s*\S+){2}",
    re.IGNORECASE | re.DOTALL,
)
_SQLITE_URL = re.compile(r"sqlite(\+pysqlite)?://(?:/(?P<path>[^?]*)(?:\?.*)?)?", re.IGNORECASE)
_OF_WINDOWS = re.compile(r"[a-z]:/|//|.*\\", re.IGNORECASE | re.DOTALL)


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

        url = make_url(self.url)
        # Built from parts: the query of a URL may hold a password too.
        return f"{url.drivername}://{url.host or ''}/{url.database or ''}"

    @property
    def has_password(self) -> bool:
        """Whether a password stands in its address."""
        if not self.url:
            return False
        from sqlalchemy import make_url  # noqa: PLC0415 - heavy, and a file does without it

        url = make_url(self.url)
        return url.password is not None or any("password" in key.lower() for key in url.query)

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
        StoreUnavailable: it is neither. What it is is not repeated: a slip in a URL may hold a
            password.
    """
    home = Path(platformdirs.user_data_dir("remediate", appauthor=False))
    text = setting or environ.get(VARIABLE, "")
    if not text:
        return StorePlace(folder=home, file=home / "remediate.db")
    if "://" in text and not text.lower().startswith("sqlite"):
        return _server(text, home)
    sqlite = _SQLITE_URL.fullmatch(text)
    path = (sqlite["path"] or "") if sqlite else text
    if path in {"", ":memory:"}:
        raise _unavailable("it names no file, and what is kept in memory is lost with the process")
    if _LIKE_A_URL.match(path):
        raise _unavailable(_A_URL)
    if os.name == "posix" and _OF_WINDOWS.match(path):
        raise _unavailable("it is a path of Windows, and this is another system")
    try:
        file = Path(path).expanduser().absolute()
    except RuntimeError:
        raise _unavailable("~ is not known as the home folder of a user") from None
    return StorePlace(folder=file.parent, file=file)


def _server(text: str, home: Path) -> StorePlace:
    from sqlalchemy import make_url  # noqa: PLC0415 - heavy, and a file does without it
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 - as above

    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise _unavailable("its address is not understood") from None
    if "@" in f"{url.host} {url.database}" or ":" in (url.database or ""):
        raise _unavailable(f"{_A_URL}; in a password write %40 for @")
    return StorePlace(folder=home, url=text)


def _unavailable(reason: str) -> StoreUnavailable:
    return StoreUnavailable(f"named by {VARIABLE}", reason, FORMS)
