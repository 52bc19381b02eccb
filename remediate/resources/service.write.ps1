# Services: starts, stops and restarts them, sets their start mode.

function Invoke-RemediateServiceMethod {
    # Asks for something, and fails with the given id when Windows says no. Expected: other codes that are as good as 0.
    param($Service, [string] $Method, [hashtable] $Arguments, [int[]] $Expected, [string] $ErrorId)
    $result = Invoke-CimMethod -InputObject $Service -MethodName $Method -Arguments $Arguments -OperationTimeoutSec (Get-RemediateSecondsLeft) -Confirm:$false
    $code = [int] $result.ReturnValue
    if ($code -eq 0 -or $Expected -contains $code) { return }
    $known = @{ 2 = 'access denied'; 3 = 'running services depend on it'; 5 = 'it does not accept that now'; 7 = 'it did not answer in time'; 14 = 'it is disabled' }
    $reason = 'see Win32_Service'
    if ($known.ContainsKey($code)) { $reason = $known[$code] }
    $message = "$Method of service $($Service.Name) returned ${code}: $reason."
    if ($code -eq 2) { Write-Error -Message $message -ErrorId 'RemediateServiceDenied' -Category PermissionDenied -ErrorAction Stop }
    Stop-RemediateCall -ErrorId $ErrorId -Message $message -Detail @{ code = $code }
}

function Wait-RemediateService {
    # Waits, 25 seconds at most, until a service is in a state: a restart has to fit into what a host is given to write.
    # WMI may hang on a service that hangs, so the Service Control Manager is asked.
    param([string] $Name, [string] $Status)
    $end = (Get-Date).AddSeconds(25)
    do {
        $state = $script:RemediateStates[[int] (Get-Service -Name $Name).Status]
        if ($state -eq $Status) { return }
        Start-Sleep -Milliseconds 500
    } while ((Get-Date) -lt $end)
    Stop-RemediateCall -ErrorId 'RemediateServiceHangs' -Message "Service $Name is not $Status after 25 seconds, but $state." -Detail @{ status = $state }
}

function Save-RemediateStopped {
    # Writes down that a service is stopped at this moment.
    param([string] $Name)
    $path = Get-RemediateStoppedPath -Name $Name
    $folder = Split-Path -LiteralPath $path
    if (-not (Test-Path -LiteralPath $folder)) { $null = New-Item -Path $folder -ItemType Directory -Force }
    Save-RemediateFile -Path $path -Lines ((Get-Date).ToUniversalTime().ToString('o')) -Encoding Ascii
}

function Set-RemediateService {
    # Sets the start mode, then stops, starts or restarts a service.
    param($Current, [hashtable] $After)
    $restart = $After.ContainsKey('process')
    $stop = $restart -or $After['status'] -eq 'Stopped'
    $start = $restart -or $After['status'] -eq 'Running'
    if ($After.ContainsKey('status') -and -not $stop -and -not $start) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'A service can only be made to run or to stop.'
    }
    $mode = [string] $Current.StartMode
    if ($After.ContainsKey('start_mode')) { $mode = $After['start_mode'] }
    if ($start -and $mode -eq 'Disabled') {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'A disabled service could not be started again.'
    }
    # RemediateRefused promises that nothing was written yet
    $failure = 'RemediateRefused'
    if ($After.ContainsKey('start_mode')) {
        if ($mode -eq 'Auto') { $mode = 'Automatic' }
        Invoke-RemediateServiceMethod -Service $Current -Method 'ChangeStartMode' -Arguments @{ StartMode = $mode } -ErrorId $failure
        $failure = 'RemediateServiceFailed'
    }
    if ($stop) {
        # 6: it is not active. 7: it did not answer in time, but may yet stop; the wait has an end.
        Invoke-RemediateServiceMethod -Service $Current -Method 'StopService' -Arguments @{} -Expected 6, 7 -ErrorId $failure
        Wait-RemediateService -Name $Current.Name -Status 'Stopped'
        $failure = 'RemediateServiceFailed'
    }
    elseif ($start -and [string] $Current.State -eq 'Stop Pending') {
        # somebody's stop, or ours that was given up, goes on; a service that is stopping cannot be started
        Wait-RemediateService -Name $Current.Name -Status 'Stopped'
    }
    if ($start) {
        try { Save-RemediateStopped -Name $Current.Name }
        finally {
            # 10: it is running already
            Invoke-RemediateServiceMethod -Service $Current -Method 'StartService' -Arguments @{} -Expected 7, 10 -ErrorId $failure
            Wait-RemediateService -Name $Current.Name -Status 'Running'
        }
    }
}
