# Parameters that do not go together, or of which one is missing.
function Test-Set {
    param($Task, $Settings)
    Set-ScheduledTask -CimSession $Session -InputObject $Task -Settings $Settings # expect: parameter-set
    Get-Volume -CimSession $Session -DriveLetter 'C' -FileSystemLabel 'System' # expect: parameter-set
    Invoke-CimMethod -OperationTimeoutSec 9 -ClassName Win32_Process -Arguments @{ CommandLine = 'a' } # expect: parameter-set, cim-method
    Join-Path -Path 'C:\' # expect: parameter-set
    Test-Own # expect: parameter-set
}

function Test-Own {
    param([Parameter(Mandatory = $true)] [string] $Real)
    return $Real
}
