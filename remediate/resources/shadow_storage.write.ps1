# Shadow storage: written by vssadmin. Deletes no shadow copy.

function Set-RemediateShadowStorage {
    # Writes the limit of one association, or makes the association, if it is still as it was seen. Deletes no shadow copy.
    param([hashtable] $Identity, [hashtable] $Before, [hashtable] $After)
    $found = @(Get-RemediateShadowStorage | Where-Object -FilterScript {
            $_['volume'] -eq $Identity['volume'] -and $_['diff_volume'] -eq $Identity['diff_volume']
        })
    if ($found.Count -ne 1) {
        Stop-RemediateCall -ErrorId 'RemediateMissing' -Message 'The shadow storage is no longer there.'
    }
    $current = $found[0]
    # as text, a number is the same whatever type JSON made of it: Decimal, BigInteger, Int64
    if ([string] $current['max_space'] -cne [string] $Before['max_space']) {
        Stop-RemediateCall -ErrorId 'RemediateStale' -Message 'The limit is no longer what it was.' -Detail @{ property = 'max_space'; current = $current['max_space'] }
    }
    if ($null -eq $After['max_space']) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'Taking shadow storage away would delete its shadow copies.'
    }
    $limit = [uint64] $After['max_space']
    if ($limit -lt [uint64] $current['used_space']) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message "Shadow copies take $($current['used_space']) bytes; with a limit of $limit Windows would delete some."
    }
    $verb = 'resize'
    if ($null -eq $current['max_space']) { $verb = 'add' }
    # what a program writes to its error stream must not end the call: its exit code is what counts
    $ErrorActionPreference = 'Continue'
    $said = vssadmin.exe $verb shadowstorage "/For=$($current['name'])" "/On=$($current['diff_name'])" "/MaxSize=$limit" 2>&1
    $code = $LASTEXITCODE
    if ($code -ne 0) {
        Stop-RemediateCall -ErrorId 'RemediateProgramFailed' -Message "vssadmin ended with exit code ${code}: $((@($said) -join ' ').Trim())"
    }
}
