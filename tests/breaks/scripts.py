"""Ways to break the scripts that are sent to hosts."""

from tests.breaks.breaking import Break

POWERSHELL = "remediate/powershell"
SCRIPTS = "remediate/resources"

BREAKS = (
    Break(
        "skipped calls run",
        "no write runs after one that failed",
        "remediate/powershell/envelope.ps1",
        "if (-not $Succeeded.ContainsKey($needed)) { return $result }",
        "if (-not $Succeeded.ContainsKey($needed)) { $null = $needed }",
        "tests/lab/windows/test_limits.py::test_no_task_is_written_after_a_call_that_failed",
    ),
    Break(
        "stale",
        "a value is written only over what was seen",
        "remediate/powershell/write.ps1",
        "        if (-not [string]::Equals((Format-RemediateValue -Value $now -Like $now), ",
        "        if ($false -and ((Format-RemediateValue -Value $now -Like $now), ",
        "tests/conformance/test_registry_value.py::"
        "test_a_value_that_moved_since_it_was_seen_is_left_alone",
    ),
    Break(
        "missing",
        "what is gone is not written",
        "remediate/powershell/write.ps1",
        "if ($found.Count -eq 0) { Stop-RemediateCall",
        "if ($false) { Stop-RemediateCall",
        "tests/conformance/test_write.py::test_what_is_not_found_once_or_not_read_is_refused",
    ),
    Break(
        "task enum",
        "StopExisting is read and written though Windows' enumeration has no name for it",
        f"{SCRIPTS}/scheduled_task.read.ps1",
        "= $Current.Settings.CimInstanceProperties['MultipleInstances'].Value",
        "= [int] $Current.Settings.MultipleInstances",
        "tests/conformance/test_scheduled_task.py::"
        "test_the_element_is_written_and_every_other_character_stays",
    ),
    Break(
        "task folder pattern",
        "brackets in a folder's name stand for themselves",
        f"{SCRIPTS}/scheduled_task.read.ps1",
        "$path = $folder -replace '[\\[\\]*?`]', '`$0'",
        "$path = $folder",
        "tests/conformance/test_hostile.py::test_tasks_are_repaired_one_by_one",
    ),
    Break(
        "task text matched",
        "no text that Windows translates decides anything",
        f"{SCRIPTS}/scheduled_task.read.ps1",
        "if ($id -notlike 'CmdletizationQuery_NotFound*') { throw }",
        "if ($_.Exception.Message -notlike '*objects found*') { throw }",
        "tests/conformance/test_scheduled_task.py::"
        "test_what_is_not_there_is_known_whatever_language_windows_speaks",
    ),
    Break(
        "task other folder",
        "tasks of other folders are not touched",
        f"{SCRIPTS}/scheduled_task.read.ps1",
        "[string]::Equals($_.TaskPath, $folder, 'OrdinalIgnoreCase') -and (",
        "$true -and (",
        "tests/lab/windows/test_limits.py::"
        "test_a_task_of_another_folder_is_not_taken_for_one_of_this",
    ),
    Break(
        "value expanded",
        "a registry value is read unexpanded",
        f"{SCRIPTS}/registry_value.read.ps1",
        "$item.GetValue($Name, $null, 'DoNotExpandEnvironmentNames')",
        "$item.GetValue($Name)",
        "tests/conformance/test_registry_value.py::test_values_are_read_with_their_type_unexpanded",
    ),
    Break(
        "value type",
        "a registry value keeps its type",
        f"{SCRIPTS}/registry_value.write.ps1",
        "-PropertyType $value['type'] -Value",
        "-PropertyType String -Value",
        "tests/conformance/test_registry_value.py::"
        "test_a_value_is_written_in_a_new_key_and_taken_away_again",
    ),
    Break(
        "value absence",
        "that there was no value is put back as such",
        f"{SCRIPTS}/registry_value.write.ps1",
        "        Remove-ItemProperty -LiteralPath $path -Name",
        "        $null = New-ItemProperty -LiteralPath $path -Value '' -Force -Name",
        "tests/conformance/test_registry_value.py::"
        "test_a_value_is_written_in_a_new_key_and_taken_away_again",
    ),
    Break(
        "service unseen stop",
        "a restart in a shared process is proven",
        f"{SCRIPTS}/service.write.ps1",
        "try { Save-RemediateStopped -Name $Current.Name }",
        "try { $null = $Current }",
        "tests/conformance/test_service.py::"
        "test_a_restart_in_a_shared_process_is_proven_although_the_process_stays",
    ),
    Break(
        "service sessions",
        "sessions of a stopped service are not known, which is not none",
        f"{SCRIPTS}/service.read.ps1",
        "        $use = $null",
        "        $use = @()",
        "tests/conformance/test_service.py::test_a_service_is_read_as_it_is",
    ),
    Break(
        "service mode",
        "the start mode is written too",
        f"{SCRIPTS}/service.write.ps1",
        "if ($mode -eq 'Auto') { $mode = 'Automatic' }",
        "if ($mode -eq 'Manual') { $mode = 'Automatic' }",
        "tests/conformance/test_service.py::"
        "test_start_mode_and_status_are_written_in_an_order_that_works",
    ),
    Break(
        "service dependents",
        "dependents are read with what they do",
        f"{SCRIPTS}/service.read.ps1",
        "dependents   = @(Get-RemediateDependent -Name $service.Name)",
        "dependents   = @()",
        "tests/conformance/test_service.py::test_a_service_is_read_as_it_is",
    ),
    Break(
        "storage numbers",
        "a limit of 2^64-1 is read as what it is",
        f"{SCRIPTS}/shadow_storage.read.ps1",
        "$limit = [string] $Current['Storage'].MaxSpace",
        "$limit = [string] [double] $Current['Storage'].MaxSpace",
        "tests/conformance/test_shadow_storage.py::test_everything_is_read_to_the_last_byte",
    ),
    Break(
        "storage added",
        "shadow storage that is not there is made",
        f"{SCRIPTS}/shadow_storage.write.ps1",
        "if ($null -eq $storage) { $verb = 'add' }",
        "$null = $storage",
        "tests/conformance/test_shadow_storage.py::"
        "test_shadow_storage_is_added_where_there_is_none",
    ),
    Break(
        "storage copies lost",
        "no shadow copy is deleted",
        f"{SCRIPTS}/shadow_storage.write.ps1",
        "if ($limit -lt $taken) {",
        "if ($false) {",
        "tests/conformance/test_shadow_storage.py::"
        "test_a_higher_limit_is_written_even_where_copies_take_more",
    ),
    Break(
        "storage elsewhere",
        "the volume that holds the copies is the one that counts",
        f"{SCRIPTS}/shadow_storage.read.ps1",
        "$pair['On'] = $volumes[$pair['DiffVolume']]",
        "$pair['On'] = $volumes[$pair['Volume']]",
        "tests/conformance/test_shadow_storage.py::test_everything_is_read_to_the_last_byte",
    ),
    Break(
        "module believed",
        "that a module loads is tried",
        f"{SCRIPTS}/agent_module.read.ps1",
        "$result['installed']['loads'] = $tried['loads']",
        "$result['installed']['loads'] = $true",
        "tests/conformance/test_content.py::"
        "test_a_module_that_takes_too_long_to_load_is_not_said_to_be_broken",
    ),
    Break(
        "module deleted",
        "the old module is kept",
        f"{SCRIPTS}/agent_module.write.ps1",
        "try { Rename-RemediateItem -Path $path -Name $old }",
        "try { Remove-Item -LiteralPath $path -Recurse -Force }",
        "tests/conformance/test_content.py::test_replacing_and_putting_back_are_renames",
    ),
    Break(
        "freed one",
        "a run that was given up is known after others held the lease",
        f"{POWERSHELL}/lease.write.ps1",
        "$freed = @($Lease) + @($others | Select-Object -First 19)",
        "$freed = @($Lease)",
        "tests/conformance/test_lease.py::"
        "test_whose_run_was_given_up_is_known_after_others_held_the_lease",
    ),
    Break(
        "lost lease",
        "a run that has lost its lease is known to have",
        f"{POWERSHELL}/lease.write.ps1",
        "        if ($held['run'] -ne $Run) { Save-RemediateFreed -Folder $folder -Lease $held }\n",
        "",
        "tests/conformance/test_lease.py::test_who_lost_the_lease_to_another_run_is_given_up",
    ),
    Break(
        "given up",
        "a pipeline that was given up writes nothing",
        f"{POWERSHELL}/lease.write.ps1",
        "if ($freed['run'] -eq $Run -and $freed['fence'] -gt $Fence) {",
        "if ($false) {",
        "tests/conformance/test_lease.py::"
        "test_whose_run_was_given_up_is_known_after_others_held_the_lease",
    ),
    Break(
        "fence ignored",
        "what a run has sent before it was given a new fence writes nothing",
        f"{POWERSHELL}/lease.write.ps1",
        "($held['run'] -eq $Run -and $held['fence'] -le $Fence)",
        "($held['run'] -eq $Run)",
        "tests/conformance/test_lease.py::"
        "test_a_lease_is_kept_from_others_and_from_what_its_own_run_sent_before",
    ),
    Break(
        "held ignored",
        "the lease on a host keeps others out",
        f"{POWERSHELL}/lease.write.ps1",
        "if (-not $ours -and $held['until'] -gt $now) {",
        "if ($false) {",
        "tests/conformance/test_lease.py::"
        "test_a_lease_is_kept_from_others_and_from_what_its_own_run_sent_before",
    ),
    Break(
        "lock ignored",
        "nobody gets the lease while another pipeline writes",
        f"{POWERSHELL}/lease.write.ps1",
        "if ($null -eq $script:RemediateLock) {",
        "if ($false) {",
        "tests/conformance/test_lease.py::test_while_another_pipeline_writes_nobody_gets_the_lease",
    ),
    Break(
        "receipt name",
        "a receipt is a file in its folder, or none",
        f"{POWERSHELL}/lease.write.ps1",
        "if ($Run -notmatch '^[0-9A-Za-z-]{1,64}$') {",
        "if ($false) {",
        "tests/conformance/test_lease.py::test_a_receipt_is_a_file_in_its_folder_or_none",
    ),
    Break(
        "unlock other",
        "nobody gives back the lease of another run on a host",
        f"{POWERSHELL}/lease.write.ps1",
        "if ($null -eq $held -or $held['run'] -ne $Run) { return }",
        "if ($null -eq $held) { return }",
        "tests/conformance/test_lease.py::"
        "test_a_lease_is_kept_from_others_and_from_what_its_own_run_sent_before",
    ),
    Break(
        "freed unbounded",
        "a host remembers so many runs and no more",
        f"{POWERSHELL}/lease.write.ps1",
        "@($others | Select-Object -First 19)",
        "@($others)",
        "tests/conformance/test_lease.py::"
        "test_the_file_of_an_earlier_version_counts_and_a_bounded_number_of_runs_is_kept",
    ),
)
