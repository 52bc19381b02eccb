# Win32_Process: the processes in which services run, and those that Windows starts once in each boot.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/services.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'service'
        Base      = 'CIM_Process', 'CIM_LogicalElement', 'CIM_ManagedSystemElement'
        Property  = 'CreationDate', 'Handle', 'Name', 'ProcessId', 'SessionId'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $seen = @{}
    foreach ($service in (Get-LabService -State $State)) {
        $process = $service['process']
        if ($null -eq $process -or $seen.ContainsKey($process['id'])) { continue }
        $seen[$process['id']] = $true
        [ordered]@{
            CreationDate = if ($process['started']) { ([datetimeoffset] $process['started']).LocalDateTime }
            Handle       = [string] $process['id']
            Name         = 'svchost.exe'
            ProcessId    = [uint32] $process['id']
            SessionId    = [uint32] 0
        }
    }
    $boot = $State['boot']
    if ($null -eq $boot) { return }
    $denial = Get-LabDenial -State $State -Kind 'boot' -Class 'Win32_Process'
    if ($denial) { return $denial }
    if ($boot['late']) { return New-LabCimError -Message 'A system shutdown is in progress. ' -Id 'HRESULT 0x8007045b' -Category NotSpecified -Target 'Win32_Process' }
    $all = @($boot['started'])
    if ($boot['installing']) { $all += @{ name = 'TiWorker.exe'; id = 4800; created = $null } }
    foreach ($process in $all) {
        [ordered]@{
            CreationDate = if ($process['created']) { ([datetimeoffset] $process['created']).LocalDateTime }
            Handle       = [string] $process['id']
            Name         = $process['name']
            ProcessId    = [uint32] $process['id']
            SessionId    = [uint32] 0
        }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
