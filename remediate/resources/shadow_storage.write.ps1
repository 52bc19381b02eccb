# Shadow storage: written by vssadmin. Deletes no shadow copy.

function Set-RemediateShadowStorage {
    # Writes the limit of one association, or makes the association. Deletes no shadow copy.
    param($Current, [hashtable] $After)
    if ($null -eq $After['max_space']) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'Taking shadow storage away would delete its shadow copies.'
    }
    $limit = [uint64] $After['max_space']
    $storage = $Current['Storage']
    if ($null -ne $storage -and $limit -lt [uint64] $storage.UsedSpace) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message "Shadow copies take $($storage.UsedSpace) bytes; with a limit of $limit Windows would delete some."
    }
    $verb = 'resize'
    if ($null -eq $storage) { $verb = 'add' }
    $volume = Get-RemediateVolumeName -Volume $Current['Of'] -Id $Current['Volume']
    $on = Get-RemediateVolumeName -Volume $Current['On'] -Id $Current['DiffVolume']
    # what a program writes to its error stream must not end the call: its exit code is what counts
    $ErrorActionPreference = 'Continue'
    try { $said = vssadmin.exe $verb shadowstorage "/For=$volume" "/On=$on" "/MaxSize=$limit" 2>&1 }
    catch {
        Stop-RemediateCall -ErrorId 'RemediateProgramBlocked' -Message "vssadmin was not let start: $($_.Exception.Message) A security product or a policy may have stopped it: ask its owner, and see docs/security.md."
    }
    $code = $LASTEXITCODE
    if ($code -ne 0) {
        Stop-RemediateCall -ErrorId 'RemediateProgramFailed' -Message "vssadmin ended with exit code ${code}: $((@($said) -join ' ').Trim())"
    }
}
