"""Ways to break what kinds of resources mean, and what playbooks want.

What means the same is the same, and what does not is not: one of each for each kind.
"""

from tests.breaks.breaking import Break

PLAYBOOKS = "playbooks"
SCRIPTS = "remediate/resources"

BREAKS = (
    Break(
        "task lengths",
        "a duration is the same in other words",
        f"{SCRIPTS}/task_xml.py",
        "        return _length(plain)",
        "        return plain",
        "tests/resources/test_task_definition.py::test_what_means_the_same_is_equal",
    ),
    Break(
        "task triggers",
        "a trigger that is lost or added is named",
        f"{SCRIPTS}/task_definition.py",
        "        count[name] += 1",
        "        count[name] = 0",
        "tests/resources/test_task_definition.py::"
        "test_what_means_something_else_is_a_difference_with_a_name",
    ),
    Break(
        "service sharing",
        "others that come into its process are no restart of a service",
        f"{SCRIPTS}/service.py",
        'each.model_copy(update={"shared": False}) for each in alone',
        "each.model_copy() for each in alone",
        "tests/resources/test_service.py::test_another_service_in_its_process_is_no_restart",
    ),
    Break(
        "service start mode",
        "a start mode that moves with a restart is named",
        f"{SCRIPTS}/service.py",
        '{"process", "dependents", "in_use", "display_name"}',
        '{"process", "dependents", "in_use", "display_name", "start_mode"}',
        "tests/resources/test_service.py::test_only_what_moves_by_itself_may_move",
    ),
    Break(
        "value sign",
        "a registry number is the same with a sign and without",
        f"{SCRIPTS}/registry_value.py",
        "        return int(value % 2**bits)",
        "        return value",
        "tests/resources/test_registry_value.py::test_a_number_is_the_same_with_a_sign_and_without",
    ),
    Break(
        "value other type",
        "a text of another type is another value",
        f"{SCRIPTS}/registry_value.py",
        "return RegistryData.model_validate(one) == RegistryData.model_validate(other)",
        "return RegistryData.model_validate(one).data == RegistryData.model_validate(other).data",
        "tests/resources/test_registry_value.py::test_the_same_text_of_another_type_is_a_change",
    ),
    Break(
        "storage rounding",
        "a limit that Windows rounds is the one that was asked for",
        f"{SCRIPTS}/shadow_storage.py",
        "<= ROUNDED + max(one, other) // 100",
        "<= 0",
        "tests/playbooks/test_unkind.py::"
        "test_a_size_that_is_rounded_is_the_size_that_was_asked_for",
    ),
    Break(
        "storage per cent",
        "a limit that moved by a hundredth of the volume is another one",
        f"{SCRIPTS}/shadow_storage.py",
        "<= ROUNDED + max(one, other) // 100",
        "<= ROUNDED + max(one, other) // 20",
        "tests/playbooks/test_unkind.py::"
        "test_a_limit_that_is_not_the_one_that_was_asked_for_is_told",
    ),
    Break(
        "module loading",
        "the same files are the same where nobody could tell whether they load",
        f"{SCRIPTS}/agent_module.py",
        "return first.manifest == second.manifest and (unknown or first.loads == second.loads)",
        "return first == second",
        "tests/resources/test_agent_module.py::"
        "test_the_same_files_are_the_same_while_it_is_not_known_whether_they_load",
    ),
    Break(
        "module files",
        "a module with another file is another one",
        f"{SCRIPTS}/agent_module.py",
        "return first.manifest == second.manifest and (unknown or first.loads == second.loads)",
        "return unknown or first.loads == second.loads",
        "tests/resources/test_agent_module.py::"
        "test_the_same_files_are_the_same_while_it_is_not_known_whether_they_load",
    ),
    Break(
        "storage undo",
        "a lower limit is not put back while it would delete copies",
        f"{SCRIPTS}/shadow_storage.py",
        "        if self.taken > limit:",
        "        if False:",
        "tests/resources/test_shadow_storage.py::test_a_limit_is_not_lowered_over_shadow_copies",
    ),
    Break(
        "module half-way",
        "a folder between two renames is known to be ours",
        f"{SCRIPTS}/agent_module.py",
        "return Installed.model_validate(change.before).manifest.digest in self.kept",
        "return False",
        "tests/resources/test_agent_module.py::"
        "test_nothing_there_is_ours_only_while_the_old_folder_is_kept",
    ),
    Break(
        "policy precedence",
        "SYSTEM's own policy wins over the machine's",
        f"{PLAYBOOKS}/execution_policy.py",
        'value = user if user.text else values[LOCAL_MACHINE, "ExecutionPolicy"]',
        'value = values[LOCAL_MACHINE, "ExecutionPolicy"]',
        "tests/playbooks/test_contract.py::"
        "test_every_case_is_audited_applied_proven_and_undone[execution-policy/system-user-good]",
    ),
    Break(
        "path untidy",
        "two ways to write a folder are one",
        f"{PLAYBOOKS}/module_path.py",
        'return PROGRAM_FILES.sub(r"c:\\\\program files", folder).casefold()',
        "return folder",
        "tests/playbooks/test_contract.py::"
        "test_every_case_is_audited_applied_proven_and_undone[module-path/other-drive]",
    ),
    Break(
        "another agent",
        "a module of another agent is not copied",
        f"{PLAYBOOKS}/module_restore.py",
        'return one.agent_version == other.agent_version != ""',
        "return True",
        "tests/playbooks/test_contract.py::"
        "test_every_case_is_audited_applied_proven_and_undone[module-restore/agent-unknown]",
    ),
    Break(
        "password task written",
        "a task that stores a password is left to a person",
        f"{PLAYBOOKS}/schedule_fix.py",
        "if wrong and task.unsavable:",
        "if False:",
        "tests/playbooks/test_contract.py::"
        "test_every_case_is_audited_applied_proven_and_undone[schedule-fix/password]",
    ),
    Break(
        "limit above volume",
        "a limit is never more than the volume has",
        f"{PLAYBOOKS}/shadow_storage.py",
        "return min(max(-(-(self.size or 0) // MB), part // MB), storage.capacity // MB) * MB",
        "return max(-(-(self.size or 0) // MB), part // MB) * MB",
        "tests/playbooks/test_contract.py::"
        "test_every_case_is_audited_applied_proven_and_undone[shadow-storage/largest-already]",
    ),
    Break(
        "sessions cut",
        "sessions are not cut off unasked",
        f"{PLAYBOOKS}/iscsi_restart.py",
        "if service.in_use and not params.accept_session_loss:",
        "if False:",
        "tests/playbooks/test_contract.py::"
        "test_every_case_is_audited_applied_proven_and_undone[iscsi-restart/foreign-sessions]",
    ),
)
