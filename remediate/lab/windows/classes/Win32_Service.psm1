# Win32_Service: the services of the state, those that depend on them, and one more in each shared process.
# A service that `hangs` in the state never gets beyond the beginning of what it is told to do.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/services.psm1')

$script:Modes = @{ Automatic = 'Auto'; Manual = 'Manual'; Disabled = 'Disabled'; Boot = 'Boot'; System = 'System' }

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'service'
        Base      = 'Win32_BaseService', 'CIM_Service', 'CIM_LogicalElement', 'CIM_ManagedSystemElement'
        Property  = 'AcceptStop', 'DisplayName', 'Name', 'ProcessId', 'Started', 'StartMode', 'State', 'Status'
    }
}

function ConvertTo-Row {
    # One service as the class has it.
    param([string] $Name, [string] $State, [string] $StartMode, $Process, [string] $DisplayName = $Name)
    return [ordered]@{
        AcceptStop  = $State -eq 'Running'
        DisplayName = $DisplayName
        Name        = $Name
        ProcessId   = [uint32] $(if ($null -ne $Process) { $Process['id'] } else { 0 })
        Started     = $State -ne 'Stopped'
        StartMode   = $StartMode
        State       = $State
        Status      = 'OK'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $denial = Get-LabDenial -State $State -Kind 'service' -Class 'Win32_Service'
    if ($denial) { return $denial }
    foreach ($service in (Get-LabService -State $State)) {
        $process = $service['process']
        ConvertTo-Row -Name $service['name'] -State $service['state'] -StartMode $service['start_mode'] -Process $process -DisplayName $(if ($service['display_name']) { $service['display_name'] } else { $service['name'] })
        foreach ($other in $service['dependents']) {
            ConvertTo-Row -Name $other['name'] -State $other['status'] -StartMode 'Manual'
        }
        if ($null -ne $process -and $process['shared']) { ConvertTo-Row -Name 'Schedule' -State 'Running' -StartMode 'Auto' -Process $process }
    }
}

function Stop-LabService {
    # Stops one; the code that Windows returns.
    param([System.Collections.IDictionary] $Service)
    if ($Service['state'] -eq 'Stopped') { return 6 }
    if ($Service['state'] -ne 'Running') { return 5 }
    if (@($Service['dependents'] | Where-Object -FilterScript { $_['status'] -ne 'Stopped' }).Count) { return 3 }
    if ($Service['hangs']) { $Service['state'] = 'Stop Pending' }
    else {
        if ($Service['process']['shared']) { $Service['host'] = $Service['process'] }
        Set-LabService -Service $Service -Verb 'stop' -Meanwhile 'Stop Pending' -Then ([ordered]@{ state = 'Stopped'; process = $null; sessions = @() })
    }
    return 0
}

function Start-LabService {
    # Starts one, in a new process or in the one that it shares; the code that Windows returns.
    param([System.Collections.IDictionary] $Service)
    if ($Service['start_mode'] -eq 'Disabled') { return 14 }
    if ($Service['state'] -ne 'Stopped') { return 10 }
    if ($Service['fails']) { return 8 }
    $process = $Service['host']
    if ($null -eq $process) {
        $process = @{ id = [int64] (Get-Random -Minimum 1000 -Maximum 9000); started = [datetime]::UtcNow.ToString('s') + 'Z'; shared = $false }
    }
    $then = [ordered]@{ state = 'Running'; process = $process }
    if ((Get-LabServiceWay).ContainsKey('ends')) { $then = [ordered]@{ state = 'Stopped'; process = $null } }
    Set-LabService -Service $Service -Verb 'start' -Meanwhile 'Start Pending' -Then $then
    return 0
}

function Invoke-LabMethod {
    param([System.Collections.IDictionary] $Row, [string] $Method, [System.Collections.IDictionary] $Arguments)
    $code = Update-LabState -Action {
        param($state)
        if ($state['denied']['service'] -eq 'write') { return 2 }
        $service = @($state['services'] | Where-Object -FilterScript { $_['name'] -ieq $Row['Name'] })[0]
        Update-LabService -Service $service
        $way = Get-LabServiceWay
        if ($Method -ne 'ChangeStartMode' -and $way.ContainsKey('mode')) { $service['start_mode'] = $way['mode'] }
        switch ($Method) {
            'StopService' { return Stop-LabService -Service $service }
            'StartService' { return Start-LabService -Service $service }
            'ChangeStartMode' {
                if (-not $script:Modes.ContainsKey([string] $Arguments['StartMode'])) { return 21 }
                $service['start_mode'] = $script:Modes[$Arguments['StartMode']]
                return 0
            }
        }
        throw [System.NotImplementedException]::new("The stand-in for Win32_Service has no $Method.")
    }
    return @{ ReturnValue = [uint32] $code }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow', 'Invoke-LabMethod'
