# Shadow storage: written by vssadmin. Deletes no shadow copy. Needs program.write.ps1.

function Set-RemediateShadowStorage {
    # Writes the limit of one association, or makes the association, by the ids of its volumes: they have no blanks, and
    # not every volume has a name. Deletes no shadow copy.
    param($Current, [hashtable] $After)
    if ($null -eq $After['max_space']) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'Taking shadow storage away would delete its shadow copies.'
    }
    $limit = [uint64] $After['max_space']
    $storage = $Current['Storage']
    if ($null -ne $storage -and $limit -lt [uint64] $storage.MaxSpace) {
        $taken = [uint64] $storage.UsedSpace
        if ([uint64] $storage.AllocatedSpace -gt $taken) { $taken = [uint64] $storage.AllocatedSpace }
        if ($limit -lt $taken) {
            Stop-RemediateCall -ErrorId 'RemediateRefused' -Message "Shadow copies take $taken bytes; with a limit of $limit Windows would delete some."
        }
    }
    $verb = 'resize'
    if ($null -eq $storage) { $verb = 'add' }
    $volume = $Current['Volume']
    $on = $Current['DiffVolume']
    Invoke-RemediateProgram -Name 'vssadmin' -Program { vssadmin.exe $verb shadowstorage "/For=$volume" "/On=$on" "/MaxSize=$limit" }
}
