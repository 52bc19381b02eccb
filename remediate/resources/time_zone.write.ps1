# The time zone: written by tzutil, which is there on each Windows, as Set-TimeZone is not. Needs program.write.ps1.

function Set-RemediateTimeZone {
    # Has the host be in a zone; its clock, which goes by UTC, stays as it is.
    param($Current, [hashtable] $After)
    if ($null -eq $After['id']) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'A host cannot be in no time zone.'
    }
    $id = $After['id']
    Invoke-RemediateProgram -Name 'tzutil' -Program { tzutil.exe /s $id }
}
