# Services of the state, as they are by now: one that is on its way says what it becomes, and when.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath 'state.psm1')

function Get-LabServiceWay {
    # What this Windows does when a service is to run or stop.
    $ways = @{}
    foreach ($edit in (Get-LabEdit -Kind 'service')) { $ways[$edit[0]] = $edit[1] }
    return $ways
}

function Update-LabService {
    # Lets a service of a state that is being changed be what it has become.
    param([System.Collections.IDictionary] $Service)
    $way = $Service['becomes']
    if ($null -eq $way -or [datetimeoffset]::UtcNow -lt [datetimeoffset] $way['when']) { return }
    foreach ($name in $way['then'].Keys) { $Service[$name] = $way['then'][$name] }
    $Service['becomes'] = $null
}

function Get-LabService {
    # All of them, as they are by now; copies.
    param([System.Collections.IDictionary] $State)
    foreach ($service in (Get-LabSection -State $State -Name 'services')) {
        $copy = [ordered]@{}
        foreach ($name in $service.Keys) { $copy[$name] = $service[$name] }
        Update-LabService -Service $copy
        $copy
    }
}

function Set-LabService {
    # Lets a service be something else, at once or when the seconds are over that this takes.
    param([System.Collections.IDictionary] $Service, [string] $Verb, [string] $Meanwhile, [System.Collections.IDictionary] $Then)
    $seconds = [double] (Get-LabServiceWay)[$Verb]
    if ($seconds) {
        $Service['state'] = $Meanwhile
        $Service['becomes'] = [ordered]@{ when = [datetimeoffset]::UtcNow.AddSeconds($seconds).ToString('o'); then = $Then }
    }
    else { foreach ($name in $Then.Keys) { $Service[$name] = $Then[$name] } }
}

Export-ModuleMember -Function 'Get-LabService', 'Get-LabServiceWay', 'Set-LabService', 'Update-LabService'
