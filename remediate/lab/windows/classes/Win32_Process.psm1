# Win32_Process: the processes in which services run.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/services.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'service'
        Base      = 'CIM_Process', 'CIM_LogicalElement', 'CIM_ManagedSystemElement'
        Property  = 'CreationDate', 'Handle', 'Name', 'ProcessId'
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
        }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
