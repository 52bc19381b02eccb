"""Let SYSTEM and administrators write in the scratch folder, and have VHDs be theirs."""

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
from remediate.resources.file import File, Files
from remediate.resources.folder_access import FolderAccess, FoldersAccess
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

ALL = {EVERYONE, AUTHENTICATED, ADMINISTRATORS}
WHO = {SYSTEM: frozenset(ALL | {SYSTEM}), ADMINISTRATORS: frozenset(ALL)}
"""What each of them is, too, as its token has it."""
ASPECTS = ("itself", "OI", "CI")  # the folder, and files and folders that are made in it


class ScratchAccess(ForRegisteredAgent, Playbook[PlaybookParams]):
    """The agent runs as SYSTEM, and fails where that may not write in its scratch folder.

    Whoever may write besides is left alone, and so is what denies it.
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
    rules = ("drive", "no-folder", "link", "not-understood", "denied", "access", "owner")
    risk = "SYSTEM and the group Administrators get full control of the folder and what is in it."
    rollback = (
        "Owner and entries of both folders are put back as they were, but not of what is in them. "
        "What comes from the folder above, Windows makes anew; where that differs, it is said."
    )

    def observe(self, params):
        return [
            FoldersAccess(paths=WORKED_IN),
            RegistryValues(values=(INSTALL_PATH, *REGISTRATION, *SCRATCHES)),
            Files(paths=KEY_FILES),
        ]

    def decide(self, seen, params):
        scratch = scratch_folder(seen, seen.all(File))
        folders = worked_in(scratch, seen.all(FolderAccess))
        yield from unusable(scratch, folders, drive="drive", missing="no-folder")
        for path, folder in folders.items():
            if folder.leads_elsewhere:
                yield _left("link", folder, "leads elsewhere", "Look at the folder it leads to.")
                continue
            yield from _access(folder)
            if path != scratch.casefold() and not _is_owned(folder):
                yield folder.should(
                    rule="owner",
                    owner="SY",
                    why="The agent takes its disk images down as SYSTEM, and another owns them.",
                )

    def irreversible(self, params):
        yield (
            "Windows passes the entries on to what is in the folders: what that had inherited from "
            "elsewhere, as files do that were moved there, is replaced, and nobody knows it any "
            "more"
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


def _is_owned(images):
    """Whether what takes the images down may own their folder; None where that is not known.

    What SYSTEM makes, Windows usually gives to the group Administrators, which SYSTEM belongs to
    (https://learn.microsoft.com/windows/win32/secauthz/owner-of-a-new-object).
    """
    return any(same_account(images.owner, sid) is not False for sid in WHO)


def _left(rule, folder, what, text):
    return Advice(
        f"The scratch folder, or VHDs in it, {what}",
        text,
        rule=rule,
        resource=folder.resource_id,
        evidence=[Evidence(folder.access, where=folder.path)],
    )
