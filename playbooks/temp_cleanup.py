"""Move old temporary files out of the way, of which too many keep the agent from registering."""

from remediate.model.size import size_text
from remediate.model.text import count
from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.old_files import OldFiles, OldFileSets, Place
from remediate.resources.registry_value import RegistryValues


class Params(PlaybookParams):
    most: int = Field(60_000, ge=0, description="Number of .tmp files to accept")
    days: int = Field(
        7, ge=1, le=3650, description="Days for which nobody may have touched a file that is moved"
    )


class TempCleanup(ForAgent, Playbook[Params]):
    r"""Registration may fail where `Windows\Temp` has more than 60,000 files that end in .tmp.

    Those that were both made and last written some days ago are moved to a folder beside it, on
    the same volume, and rollback moves them back. Those that Windows is to move or replace at its
    next start stay. Nothing is deleted: whoever has seen that nobody misses them deletes that
    folder.
    """

    id = "temp-cleanup"
    title = r"Keep fewer .tmp files in Windows\Temp than the agent can take"
    topic = "agent"
    symptoms = ("vault-credentials-invalid", "temp-folder-crowded")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("too-many", "too-many-new", "broken-off", "kept")
    writes = (OldFiles,)
    risk = (
        "A program that has made such a file, left it alone for days and opens it by name again "
        "does not find it."
    )
    rollback = "A file whose name is taken again stays in the folder, and the report says so."

    def observe(self, params):
        return [RegistryValues(values=(INSTALL_PATH,)), OldFileSets(days=params.days)]

    def decide(self, seen, params):
        for files in seen.all(OldFiles):
            if files.current:
                yield from self.current(files, params)
            if files.kept:
                yield Advice(
                    f"{count(files.kept, 'file')} could not be moved back",
                    f"They are in {files.folder_aside}: in {files.folder} are files of the same "
                    "names, or they were in use. Move or delete them by hand.",
                    rule="kept",
                    resource=files.resource_id,
                )
            if files.place is Place.RETURNING or (
                files.place is Place.MOVING and not files.current
            ):
                yield Advice(
                    "The moving of old files was broken off",
                    f"{files.aside:,} are in {files.folder_aside}. Finish it with remediate "
                    "rollback, which moves them back.",
                    rule="broken-off",
                    resource=files.resource_id,
                )

    def current(self, files, params):
        new = files.total - files.old
        if files.place is Place.MOVING or (
            files.place is Place.THERE and files.old and files.total > params.most
        ):
            yield files.should(
                rule="too-many",
                place=Place.ASIDE,
                why=f"More than {params.most:,} .tmp files can keep the agent from registering.",
                evidence=[
                    Evidence(
                        f"{files.total:,} .tmp files, {files.old:,} of them old "
                        f"({size_text(files.size)})",
                        where=files.folder,
                    )
                ],
            )
            left = new
        else:
            left = files.total
        if left > params.most:
            yield Advice(
                f"{left:,} .tmp files in {files.folder} cannot be moved",
                "They are new or in use, or Windows needs them at its next start: restart the "
                "server. If that does not help, find out which program makes them, and let it "
                "clean up.",
                rule="too-many-new",
                resource=files.resource_id,
            )

    def assumptions(self, params):
        yield "Files that are in use when their turn comes stay where they are."
        yield (
            r"The folder C:\Windows\Temp.remediate-… is kept until somebody deletes it; it needs "
            "no further room."
        )
