r"""The agent's module of the stand-in Windows: real files below the host's `C:\`.

Only where it is and what version the agent has stands in `windows.json`; everything else is what
the files are.
"""

import hashlib
import shutil
from pathlib import Path

from remediate.lab.module_files import BLOBS, blob, imported
from remediate.lab.state import Record
from remediate.model.content import FileEntry, Manifest

_hashes: dict[tuple[str, int, int], str] = {}
"""SHA-256 of files by path, time and size, as every pipeline ends in a look at all of them."""


def to_windows(records: list[Record], drive: Path) -> Record:
    """Writes the files that differ.

    Raises:
        ValueError: what a file holds is not known, or its module would load where the record
            says that it does not, or the other way round.
    """
    modules = []
    versions = {}
    for record in records:
        folder = _place(record["path"], drive)
        manifest = (record["installed"] or {}).get("manifest")
        if imported(manifest, elsewhere=bool(record["links"]))["installed"] != record["installed"]:
            msg = f"{record['path']}: whether such a module loads is not what the record says"
            raise ValueError(msg)
        if _manifest(folder) != manifest or _links(folder) != record["links"]:
            _write(record, manifest, folder)
        modules.append({"path": record["path"], "agent_version": record["agent_version"]})
        agent = record["path"].rsplit("\\", 3)[0]
        if record["agent_version"]:
            program = _place(agent, drive) / "bin" / "cbengine.exe"
            program.parent.mkdir(parents=True, exist_ok=True)
            program.touch()
            versions[f"{agent}\\bin\\cbengine.exe"] = record["agent_version"]
    return {"agent_modules": modules, "file_versions": versions}


def from_windows(windows: Record, drive: Path) -> list[Record]:
    """What the files are."""
    records = []
    for module in windows["agent_modules"]:
        folder = _place(module["path"], drive)
        manifest, links = _manifest(folder), _links(folder)
        records.append(
            {
                "path": module["path"],
                "links": links,
                **imported(manifest, elsewhere=bool(links)),
                "agent_version": module["agent_version"],
                "kept": [],
            }
        )
    return records


def _place(path: str, drive: Path) -> Path:
    return drive.joinpath(*path.split("\\")[1:])


def _write(record: Record, manifest: Record | None, folder: Path) -> None:
    contents = {}
    for file in (manifest or {"files": []})["files"]:
        data = blob(file["sha256"])
        if data is None:
            msg = f"{record['path']}: nobody knows what is in {file['path']}"
            raise ValueError(msg)
        contents[file["path"]] = data
    shutil.rmtree(folder, ignore_errors=True)
    if manifest is None:
        return
    folder.mkdir(parents=True)
    for path, data in contents.items():
        place = folder.joinpath(*path.split("\\"))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    for link in record["links"]:
        folder.joinpath(*link.split("\\")).symlink_to(folder.parent)


def _manifest(folder: Path) -> Record | None:
    if not folder.is_dir():
        return None
    entries = []
    for place in folder.rglob("*"):
        if place.is_symlink() or not place.is_file():
            continue
        about = place.stat()
        key = (str(place), about.st_mtime_ns, about.st_size)
        if key not in _hashes:
            data = place.read_bytes()
            _hashes[key] = hashlib.sha256(data).hexdigest()
            BLOBS[_hashes[key]] = data
        path = "\\".join(place.relative_to(folder).parts)
        entries.append(FileEntry(path=path, size=about.st_size, sha256=_hashes[key]))
    return Manifest.of(entries).model_dump(mode="json")


def _links(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    found = (place for place in folder.rglob("*") if place.is_symlink())
    return sorted("\\".join(place.relative_to(folder).parts) for place in found)
