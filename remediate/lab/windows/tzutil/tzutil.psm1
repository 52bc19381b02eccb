# Stand-in for tzutil.exe: has the host be in a zone that it knows. What it says is no use to a program.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/trouble.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../LabRegistry/store.psm1')

function Set-Value {
    # A value of the key that has the zone.
    param([System.Collections.IDictionary] $State, [string] $Name, [string] $Type, $Data)
    $key = Add-LabKey -State $State -Path 'HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\TimeZoneInformation'
    $value = Find-LabValue -Key $key -Name $Name
    if ($null -eq $value) { $key['values'].Add(($value = [ordered]@{ name = $Name })) }
    $value['type'] = $Type
    $value['data'] = $Data
}

function Set-Zone {
    # The exit code.
    param([System.Collections.IDictionary] $State, [string] $Zone)
    $known = Test-LabKey -State $State -Path "HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Time Zones\$($Zone -creplace '_dstoff$')"
    if (-not $known -or $State['denied']['time_zone']) { return 1 }
    $saved = Get-LabSavedText -Kind 'time_zone' -Text $Zone
    Set-Value -State $State -Name 'TimeZoneKeyName' -Type 'String' -Data ($saved -creplace '_dstoff$')
    Set-Value -State $State -Name 'DynamicDaylightTimeDisabled' -Type 'DWord' -Data ([long] $saved.EndsWith('_dstoff'))
    return 0
}

function tzutil.exe {
    # No parameters: a program gets its words as they are. A security product may not let it start.
    if (Test-LabLack -Kind 'tzutil') {
        throw [System.Management.Automation.ApplicationFailedException]::new("Program 'tzutil.exe' failed to run: Access is denied")
    }
    $words = @($args)
    if ($words.Count -ne 2 -or $words[0] -ine '/s') { throw [System.NotImplementedException]::new("The stand-in does not take $words.") }
    $global:LASTEXITCODE = Update-LabState -Action { param($State) Set-Zone -State $State -Zone $words[1] }
    "tzutil: $global:LASTEXITCODE"
}

Export-ModuleMember -Function 'tzutil.exe'
