"""Have nothing compressed or encrypted that the agent makes in its scratch folder."""

from remediate.playbook import Advice, Evidence, Playbook, PlaybookParams, Severity
from remediate.resources.folder_marks import FolderMarks, FoldersMarks, Marks
from remediate.resources.mars_agent import (
    INSTALL_PATH,
    SCRATCH,
    SCRATCH_VALUE,
    VHDS,
    ForAgent,
    no_scratch_folder,
    plain_folder,
)
from remediate.resources.registry_value import RegistryValues

PACKED = Marks.COMPRESSED | Marks.ENCRYPTED
MOUNT_POINT = "ssbv"  # where the agent mounts its image of the system state


class ScratchAttributes(ForAgent, Playbook[PlaybookParams]):
    """The agent supports no scratch folder that is compressed, encrypted, sparse or a link.

    What its folders are marked as is taken from them: the scratch folder and VHDs in it. Files that
    are there stay as they are. Whether Data Deduplication works on the folder, unsupported-files
    says.
    """

    id = "scratch-attributes"
    title = "Have nothing compressed or encrypted in the scratch folder"
    topic = "agent"
    symptoms = ("scratch-folder-marked", "metadata-vhd-not-mounted", "scratch-location-invalid")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-file-folder-backup-faq"
    writes = (FolderMarks,)
    rules = ("no-folder", "link", "compressed", "encrypted", "packed-inside", "marked-inside")
    risk = "What the agent makes from then on takes more space, and is as readable as its folder."
    rollback = (
        "Reversible: the folders are marked again. To mark one as encrypted, the account that logs "
        "on needs a key of EFS, and Windows may let none be used or made over the network."
    )

    def observe(self, params):
        return [
            FoldersMarks(paths=(SCRATCH, VHDS)),
            RegistryValues(values=(INSTALL_PATH, SCRATCH_VALUE)),
        ]

    def decide(self, seen, params):
        scratch = plain_folder(seen.path(SCRATCH))
        folders = seen.all(FolderMarks)
        if scratch.casefold() not in {folder.path.casefold() for folder in folders}:
            yield no_scratch_folder(seen.path(SCRATCH), rule="no-folder")
        for folder in folders:
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
                    **{name: False},
                )
            yield from _inside(folder, {each.path.casefold() for each in folders})

    def assumptions(self, params):
        yield (
            "Files that are in the folders stay as they are: only what is made there from then on "
            "is neither compressed nor encrypted."
        )


def _inside(folder, asked):
    """What to do about what is marked in a folder, and is not asked for itself."""
    marked = [
        one
        for one in folder.inside
        if f"{folder.path}\\{one.name}".casefold() not in asked
        and not (one.folder and one.name.casefold() == MOUNT_POINT)
    ]
    packed = [one for one in marked if one.marks & PACKED]
    others = [one for one in marked if not one.marks & PACKED]
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
    if others:
        yield Advice(
            "Something in the scratch folder is sparse or leads elsewhere",
            f"It is in {folder.path}. The agent does not support that. What Data Deduplication has "
            "worked on is both, too: exclude the folder from it, as unsupported-files says. Take "
            "away what others have put there, never what the agent has.",
            Severity.NOTICE,
            rule="marked-inside",
            resource=folder.resource_id,
            evidence=_evidence(others),
        )


def _evidence(marked):
    return [Evidence(str(one)) for one in marked]
