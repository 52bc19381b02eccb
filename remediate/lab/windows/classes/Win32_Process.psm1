# Win32_Process: the processes in which services run, those that Windows starts once in each boot, and those that scan volumes.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/services.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/trouble.psm1')

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
    foreach ($process in (Get-LabSection -State $State -Name 'scan_processes')) {
        [ordered]@{
            CreationDate = ([datetimeoffset] $process['created']).LocalDateTime
            Handle       = [string] $process['id']
            Name         = 'powershell.exe'
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

function Invoke-LabMethod {
    # A process that scans a volume does it at once, in the folder that it is started in, and has ended then.
    param([System.Collections.IDictionary] $Row, [string] $Method, [System.Collections.IDictionary] $Arguments)
    $form = '^\S+\\powershell\.exe -NoLogo -NoProfile -NonInteractive -Command "([^"]+)"$'
    if ($Row.Count -or $Method -ne 'Create' -or $Arguments['CommandLine'] -notmatch $form -or $Arguments['CommandLine'] -notmatch 'Repair-Volume') {
        throw [System.NotImplementedException]::new('The stand-in for Win32_Process starts nothing but a scan.')
    }
    $program = [scriptblock]::Create(($Arguments['CommandLine'] -replace $form, '$1'))
    if (Test-LabDenied -Kind 'volume_scan' -Access 'write') { return @{ ReturnValue = [uint32] 2; ProcessId = $null } }
    if (Test-LabLack -Kind 'powershell.exe') { return @{ ReturnValue = [uint32] 8; ProcessId = $null } }
    foreach ($edit in (Get-LabEdit -Kind 'volume_scan')) { if ($edit[0] -eq 'ended') { return @{ ReturnValue = [uint32] 0; ProcessId = [uint32] 5120 } } }
    Push-Location -LiteralPath $Arguments['CurrentDirectory']
    try { & $program }
    finally { Pop-Location }
    return @{ ReturnValue = [uint32] 0; ProcessId = [uint32] 5120 }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow', 'Invoke-LabMethod'
