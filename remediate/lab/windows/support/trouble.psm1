# What is wrong with the commands of a kind of resource on this host, beside what the account may not do: `lacks` in the state
# says that they are not there, `hangs` that they take a second (late), longer than any limit (slow), or never return (stuck).

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath 'state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath 'cim.psm1')

function Get-LabTrouble {
    # The error of a command that has reached its limit, or nothing when all is well. Without a limit it waits for ever.
    param([AllowNull()] [string] $Kind, [uint32] $Seconds, $Target)
    $hang = (Get-LabState)['hangs'][$Kind]
    if ($null -eq $hang) { return }
    if ($hang -eq 'late') { return Start-Sleep -Seconds 1 }
    if ($hang -eq 'stuck' -or -not $Seconds) { [System.Threading.Thread]::Sleep([System.Threading.Timeout]::Infinite) }
    Start-Sleep -Seconds $Seconds
    return New-LabCimError -Message 'Timed out ' -Id 'HRESULT 0x40004' -Category OperationTimeout -Target $Target
}

function Test-LabLack {
    # Whether the commands or classes of a kind are not there.
    param([AllowNull()] [string] $Kind)
    return $Kind -in (Get-LabState)['lacks']
}

Export-ModuleMember -Function 'Get-LabTrouble', 'Test-LabLack'
