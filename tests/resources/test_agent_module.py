"""The agent's module as a resource: what a change of it needs, and whose its value is."""

from typing import Any

from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import records
from remediate.lab.kinds.agent_module import MODULE_FOLDER
from remediate.model.change import Change
from remediate.resources.agent_module import AgentModule, AgentModules, Installed


def module(**short: Any) -> AgentModule:
    [found] = records(healthy_host(resources={"agent_module": short}), "agent_module")
    return AgentModule.model_validate(found)


WHOLE = module()
BROKEN = module(texts={"MSOnlineBackup.psm1": "throw 'broken'"})
ABSENT = module(absent=True)


def change(before: AgentModule, after: AgentModule) -> Change:
    [found] = before.should(installed=after.installed).changes("module-restore")
    return found


def seen(module: AgentModule, *kept: AgentModule) -> AgentModule:
    digests = [one.installed.manifest.digest for one in kept if one.installed]
    return AgentModule.model_validate({**module.model_dump(), "kept": digests})


def loading(module: AgentModule, loads: bool | None) -> AgentModule:
    assert module.installed
    installed: dict[str, Any] = {"manifest": module.installed.manifest, "loads": loads}
    return AgentModule.model_validate({**module.model_dump(), "installed": installed})


def test_a_change_is_told_in_a_few_words() -> None:
    found = change(BROKEN, WHOLE)
    assert found.before_label
    assert found.before_label.endswith("does not load")
    assert found.after_label
    assert found.after_label.startswith("6 files, 25.8 kB, sha256 ")
    assert found.after_label.endswith(", loads")
    assert change(ABSENT, WHOLE).before_label == "absent"


def test_the_files_that_a_change_needs_are_those_that_it_wants() -> None:
    folder = AgentModule.content(change(BROKEN, WHOLE))
    assert folder
    assert WHOLE.installed
    assert folder.manifest == WHOLE.installed.manifest
    assert folder.path == MODULE_FOLDER
    assert AgentModule.content(change(WHOLE, ABSENT)) is None


def test_nothing_there_is_ours_only_while_the_old_folder_is_kept() -> None:
    restored = change(BROKEN, WHOLE)
    assert seen(ABSENT, BROKEN).left_by(restored)
    assert not seen(ABSENT).left_by(restored)
    assert not seen(ABSENT, WHOLE).left_by(restored)
    assert not seen(ABSENT).left_by(change(ABSENT, WHOLE))


def test_the_wanted_files_are_ours_whether_they_load_or_not() -> None:
    restored = change(BROKEN, WHOLE)
    assert loading(WHOLE, loads=False).left_by(restored)
    assert not BROKEN.left_by(restored)


def test_the_same_files_are_the_same_while_it_is_not_known_whether_they_load() -> None:
    known, unknown = loading(WHOLE, loads=True), loading(WHOLE, loads=None)
    broken, absent = loading(WHOLE, loads=False), ABSENT

    def same(one: AgentModule, other: AgentModule) -> bool | None:
        return AgentModule.same("installed", one.recorded("installed"), other.recorded("installed"))

    assert same(known, unknown)
    assert same(unknown, broken)
    assert not same(known, broken)
    assert not same(BROKEN, unknown)
    assert not same(absent, unknown)
    assert same(absent, absent)


def test_what_tries_to_load_it_is_sent_where_that_is_asked_only() -> None:
    names = {
        load: {path.name for path in AgentModules(load=load).reading_files()}
        for load in (True, False)
    }
    assert names[True] - names[False] == {"agent_module.load.ps1", "own_process.ps1"}
    assert AgentModules().in_passing() == AgentModules(load=False)


def test_it_cannot_be_undone_without_the_former_folder() -> None:
    restored = change(BROKEN, WHOLE)
    assert seen(WHOLE, BROKEN).lacks(restored) is None
    assert "no longer beside it" in str(seen(WHOLE).lacks(restored))
    assert seen(WHOLE).lacks(change(ABSENT, WHOLE)) is None


def test_what_a_host_says_is_read_back_as_it_was() -> None:
    """Files come without a digest from the host; records have it."""
    document = WHOLE.model_dump(mode="json")
    del document["installed"]["manifest"]["digest"]
    assert AgentModule.model_validate(document) == WHOLE
    assert Installed.model_validate(WHOLE.recorded("installed")) == WHOLE.installed
