"""Let SYSTEM and administrators write in the scratch folder, and have VHDs be SYSTEM's."""

from remediate.playbook import Advice, Evidence, Playbook, PlaybookParams, Severity
from remediate.resources.access_list import (
    ADMINISTRATORS,
    AUTHENTICATED,
    EVERYONE,
    MODIFY,
    SYSTEM,
    AccessList,
    same_account,
)
from remediate.resources.folder_access import FolderAccess, FoldersAccess
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

ALL = {EVERYONE, AUTHENTICATED, ADMINISTRATORS}
WHO = {SYSTEM: frozenset(ALL | {SYSTEM}), ADMINISTRATORS: frozenset(ALL)}
"""What each of them is, too, as its token has it."""
ASPECTS = ("itself", "OI", "CI")  # the folder, and files and folders that are made in it


class ScratchAccess(ForAgent, Playbook[PlaybookParams]):
    """The agent runs as SYSTEM, and fails where that may not write in its scratch folder.

    Whoever may write besides is left alone, and so is what denies it, and the files in the folders.
    """

    id = "scratch-access"
    title = "Let SYSTEM and administrators write in the scratch folder"
    topic = "agent"
    symptoms = (
        "scratch-folder-denied",
        "scratch-vhd-not-initialized",
        "scratch-checksum-inaccessible",
    )
    source = "https://learn.microsoft.com/azure/backup/backup-azure-file-folder-backup-faq"
    on_demand = (
        True  # who may do what is somebody's decision, and not to be found fault with unasked
    )
    writes = (FolderAccess,)
    rules = ("no-folder", "link", "not-understood", "denied", "access", "owner")
    risk = "SYSTEM and the group Administrators get full control of the folder and what is in it."
    rollback = (
        "Reversible: owner and entries are put back as they were. What comes from the folder "
        "above, Windows makes anew with each write; where that differs from before, it is said."
    )

    def observe(self, params):
        return [
            FoldersAccess(paths=(SCRATCH, VHDS)),
            RegistryValues(values=(INSTALL_PATH, SCRATCH_VALUE)),
        ]

    def decide(self, seen, params):
        scratch = plain_folder(seen.path(SCRATCH)).casefold()
        folders = {folder.path.casefold(): folder for folder in seen.all(FolderAccess)}
        if scratch not in folders:
            yield no_scratch_folder(seen.path(SCRATCH), rule="no-folder")
        for path, folder in folders.items():
            if folder.leads_elsewhere:
                yield _left("link", folder, "leads elsewhere", "Look at the folder it leads to.")
                continue
            yield from _access(folder)
            if path != scratch and same_account(folder.owner, SYSTEM) is False:
                yield folder.should(
                    rule="owner",
                    owner="SY",
                    why="The agent takes its disk images down as SYSTEM, who has to own them.",
                )

    def assumptions(self, params):
        yield (
            "Windows passes the entries on to what is in the folders, but for what keeps to itself."
        )


def _access(folder):
    """What has to be added to a folder's access list, or what to do where that is of no use."""
    try:
        known = AccessList.parse(folder.access)
    except ValueError as error:
        yield _left("not-understood", folder, "has an access list of its own kind", f"{error}.")
        return
    wanted = known
    for sid in WHO:
        if not _may_write(known, sid):
            wanted = wanted.with_full(sid)
    if wanted is known:
        return
    if known.in_order and all(_may_write(wanted, sid) for sid in WHO):
        yield folder.should(
            rule="access",
            access=str(wanted),
            severity=Severity.CRITICAL,
            why="The agent runs as SYSTEM, and administrators look after it.",
        )
        return
    text = "Take away the entry that denies it, or let Windows put the entries in order: icacls."
    yield _left("denied", folder, "denies SYSTEM or administrators to write", text)


def _may_write(known, sid):
    return all(known.grants(WHO[sid], MODIFY, aspect) for aspect in ASPECTS)


def _left(rule, folder, what, text):
    return Advice(
        f"The scratch folder, or VHDs in it, {what}",
        text,
        rule=rule,
        resource=folder.resource_id,
        evidence=[Evidence(folder.access, where=folder.path)],
    )
