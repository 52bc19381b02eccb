"""Have nothing compressed or encrypted that the agent makes in its scratch folder."""

from remediate.playbook import Advice, Evidence, Playbook, PlaybookParams, Severity
from remediate.resources.file import File, Files
from remediate.resources.folder_marks import FolderMarks, FoldersMarks, Marks
from remediate.resources.mars_agent import (
    INSTALL_PATH,
    KEY_FILES,
    REGISTRATION,
    SCRATCHES,
    WORKED_IN,
    ForRegisteredAgent,
    scratch_folder,
    unusable,
    worked_in,
)
from remediate.resources.registry_value import RegistryValues

PACKED = Marks.COMPRESSED | Marks.ENCRYPTED
MOUNT_POINT = "ssbv"  # where the agent mounts its image of the system state


class ScratchAttributes(ForRegisteredAgent, Playbook[PlaybookParams]):
    """The agent supports no scratch folder that is compressed, encrypted, sparse or a link.

    What its folders are marked as is taken from them: the scratch folder, which its key file tells,
    and VHDs in it. Files that are there stay as they are. Whether Data Deduplication works on the
    folder, unsupported-files says.
    """

    id = "scratch-attributes"
    title = "Have nothing compressed or encrypted in the scratch folder"
    topic = "agent"
    symptoms = ("scratch-folder-marked", "metadata-vhd-not-mounted", "scratch-location-invalid")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-file-folder-backup-faq"
    writes = (FolderMarks,)
    rules = (
        "drive",
        "no-folder",
        "link",
        "compressed",
        "encrypted",
        "packed-inside",
        "marked-inside",
    )
    risk = "What the agent makes from then on takes more space, and is as readable as its folder."
    rollback = (
        "A folder that was compressed is marked again. One that was encrypted is not: that would "
        "be for the key of the account that logs on, and not for the one that it was for."
    )

    def observe(self, params):
        return [
            FoldersMarks(paths=WORKED_IN),
            RegistryValues(values=(INSTALL_PATH, *REGISTRATION, *SCRATCHES)),
            Files(paths=KEY_FILES),
        ]

    def decide(self, seen, params):
        scratch = scratch_folder(seen, seen.all(File))
        folders = worked_in(scratch, seen.all(FolderMarks))
        yield from unusable(scratch, folders, drive="drive", missing="no-folder")
        for path, folder in folders.items():
            if folder.leads_elsewhere:
                yield Advice(
                    "The scratch folder, or VHDs in it, leads elsewhere",
                    f"The agent does not support that. Have no link in the place of {folder.path}: "
                    "let both values ScratchLocation name the folder itself.",
                    rule="link",
                    resource=folder.resource_id,
                )
                continue
            for name in ("compressed", "encrypted"):
                yield folder.should(
                    rule=name,
                    why=f"The agent does not support a scratch folder that is {name}.",
                    irreversible=name == "encrypted",
                    **{name: False},
                )
            yield from _packed(folder, folders)
            if path == scratch.casefold():
                yield from _links(folder)

    def assumptions(self, params):
        yield (
            "Files that are in the folders stay as they are: only what is made there from then on "
            "is neither compressed nor encrypted."
        )


def _packed(folder, asked):
    """What to do about what is compressed or encrypted in a folder, and is not asked for itself."""
    packed = [
        one
        for one in folder.inside
        if one.marks & PACKED and f"{folder.path}\\{one.name}".casefold() not in asked
    ]
    stopped = "While the service obengine is stopped and no backup runs, and with room for it"
    if packed:
        yield Advice(
            "Something in the scratch folder is compressed or encrypted",
            f'{stopped}: compact /U /S:"{folder.path}" /A /I for what is compressed, cipher /D '
            f'/S:"{folder.path}" for what is encrypted, as the account whose key it is.',
            rule="packed-inside",
            resource=folder.resource_id,
            evidence=_evidence(packed),
        )


def _links(scratch):
    """What to do about folders of others in the scratch folder that lead elsewhere.

    VHDs is not looked into: the agent mounts its disk images there.
    """
    links = [
        one
        for one in scratch.inside
        if one.folder
        and one.marks & Marks.LINK
        and one.name.casefold() not in {MOUNT_POINT, "vhds"}
    ]
    if links:
        yield Advice(
            "A folder in the scratch folder leads elsewhere",
            f"It is in {scratch.path}. The agent does not support that: take away what others have "
            "put there, never what the agent has.",
            Severity.NOTICE,
            rule="marked-inside",
            resource=scratch.resource_id,
            evidence=_evidence(links),
        )


def _evidence(marked):
    return [Evidence(str(one)) for one in marked]
