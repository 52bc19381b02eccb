# Services: reads them, starts, stops and restarts them, sets their start mode.
# Judged by the fixed words of Win32_Service.State and by return codes; both are the same in every language.
# No name that the host says goes into a filter: a service may be called "Bob's Sync".

$script:RemediateStates = 'Unknown', 'Stopped', 'Start Pending', 'Stop Pending', 'Running', 'Continue Pending', 'Pause Pending', 'Paused'

function Find-RemediateService {
    # One service, or nothing. Its name is the controller's, which has checked that it needs no escaping.
    param([hashtable] $Identity)
    return Get-CimInstance -ClassName Win32_Service -Filter "Name = '$($Identity['name'])'" -Property Name, DisplayName, State, StartMode, ProcessId -OperationTimeoutSec (Get-RemediateSecondsLeft)
}

function Get-RemediateStoppedPath {
    # The file that says when a service was last seen stopped; see ServiceProcess for what that proves.
    param([string] $Name)
    $folder = Join-Path -Path (Join-Path -Path $env:ProgramFiles -ChildPath 'remediate') -ChildPath 'stopped'
    return Join-Path -Path $folder -ChildPath ($Name + '.txt')
}

function Get-RemediateServiceProcess {
    # The process of a service, or nothing when it has none.
    param($Service)
    $id = [int64] $Service.ProcessId
    if ($id -eq 0) { return $null }
    $process = Get-CimInstance -ClassName Win32_Process -Filter "ProcessId = $id" -Property ProcessId, CreationDate -OperationTimeoutSec (Get-RemediateSecondsLeft)
    $started = $null
    if ($null -ne $process -and $null -ne $process.CreationDate) {
        $started = $process.CreationDate.ToUniversalTime().ToString('s') + 'Z'
    }
    $stopped = $null
    $path = Get-RemediateStoppedPath -Name $Service.Name
    if (Test-Path -LiteralPath $path) {
        $text = [string] (Get-Content -LiteralPath $path -TotalCount 1)
        if ($text -match '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$') { $stopped = $text }
    }
    return [ordered]@{ id = $id; started = $started; stopped = $stopped }
}

function Test-RemediateShared {
    # Whether other services run in this process, too.
    param([int64] $Id)
    $all = @(Get-CimInstance -ClassName Win32_Service -Filter "ProcessId = $Id" -Property Name, ProcessId -OperationTimeoutSec (Get-RemediateSecondsLeft) | Limit-RemediateList -Name 'services')
    return $all.Count -gt 1
}

function Read-RemediateService {
    # What can be set of a service, as it is now. Who else runs in its process is no part of that.
    param($Current)
    return @{ status = [string] $Current.State; start_mode = [string] $Current.StartMode; process = Get-RemediateServiceProcess -Service $Current }
}

function Get-RemediateDependent {
    # The services that need a service, with what they are doing. The Service Control Manager knows both, without WMI.
    param([string] $Name)
    foreach ($one in @((Get-Service -Name $Name).DependentServices | Limit-RemediateList -Name 'dependent services')) {
        @{ name = [string] $one.ServiceName; status = $script:RemediateStates[[int] $one.Status] }
    }
}

function Get-RemediateService {
    # Each of the services that are asked for and exist.
    param([object[]] $Names)
    foreach ($name in $Names) {
        $service = Find-RemediateService -Identity @{ name = $name }
        if ($null -eq $service) { continue }
        $values = Read-RemediateService -Current $service
        if ($null -ne $values['process']) { $values['process']['shared'] = Test-RemediateShared -Id $values['process']['id'] }
        $use = $null
        if ($service.Name -eq 'MSiSCSI' -and $service.State -eq 'Running') {
            # The class fails while the service is stopped: then the sessions are not known, which is not the same as none.
            $sessions = @(Get-CimInstance -Namespace 'root/Microsoft/Windows/Storage' -ClassName MSFT_iSCSISession -OperationTimeoutSec (Get-RemediateSecondsLeft) | Limit-RemediateList -Name 'iSCSI sessions')
            $use = @($sessions | ForEach-Object -Process { [string] $_.TargetNodeAddress })
        }
        [ordered]@{
            name         = [string] $service.Name
            status       = $values['status']
            start_mode   = $values['start_mode']
            process      = $values['process']
            dependents   = @(Get-RemediateDependent -Name $service.Name)
            in_use       = $use
            display_name = [string] $service.DisplayName
        }
    }
}
