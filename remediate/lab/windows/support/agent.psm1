# What the commands of the practice module MSOnlineBackup say, out of the state's `agent` and `agent_proxy`. Of the objects only what is known
# from scripts that use them: JobType, JobStatus, ScheduleRunDays, BackupTime and the like.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath 'state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath 'trouble.psm1')

function Get-LabAgent {
    # What the agent knows; an error of the command where the state says so, or the account may not ask.
    param([string] $Command)
    $null = Get-LabTrouble -Kind 'backup_record'
    if (Test-LabDenied -Kind 'backup_record' -Access 'read') {
        throw [System.Management.Automation.ErrorRecord]::new([System.UnauthorizedAccessException]::new(), 'AccessDenied', 'PermissionDenied', $null)
    }
    $agent = (Get-LabState)['agent']
    if ($null -ne $agent -and $agent['fails'].Contains($Command)) {
        throw [System.Management.Automation.ErrorRecord]::new([System.Exception]::new('The agent is not there.'), $agent['fails'][$Command], 'NotSpecified', $null)
    }
    return $agent
}

function ConvertTo-LabTime {
    # A time as the agent has it, or nothing.
    param([AllowNull()] [string] $Text, [System.Globalization.DateTimeStyles] $Style = 'AdjustToUniversal')
    if ($Text) { return [datetime]::Parse($Text, [cultureinfo]::InvariantCulture, $Style) }
}

function ConvertTo-LabSource {
    # What is backed up or restored. The name of the system state is one in Windows' language.
    param([string] $Name)
    if ($Name -ne 'System State') { return [pscustomobject]@{ DataSourceName = $Name; WriterId = [guid]::Empty } }
    return [pscustomobject]@{ DataSourceName = 'Systemstatus'; WriterId = [guid] 'DA57A531-E7E7-4346-9A68-B511F551DEB6' }
}

function ConvertTo-LabJob {
    # An operation as an object.
    param([System.Collections.IDictionary] $Job)
    $letter = if ($Job['drive']) { [char] $Job['drive'] } else { [char] 0 }
    return [pscustomobject]@{
        JobType   = $Job['type']
        JobStatus = [pscustomobject]@{
            JobState         = $Job['state']
            StartTime        = ConvertTo-LabTime -Text $Job['started']
            EndTime          = if ($Job['ended']) { ConvertTo-LabTime -Text $Job['ended'] } else { [datetime]::MinValue }
            ErrorInfo        = [pscustomobject]@{ ErrorCode = $Job['error']; DetailedErrorCode = $Job['detail'] }
            DatasourceStatus = @(foreach ($name in $Job['sources']) { [pscustomobject]@{ Datasource = ConvertTo-LabSource -Name $name; DriveLetter = $letter } })
        }
    }
}

function Get-LabJob {
    # Operations that run, or the last of those that have ended, the oldest first.
    param([uint32] $Previous)
    $agent = Get-LabAgent -Command 'Get-OBJob'
    if ($null -eq $agent) { return }
    $jobs = if ($Previous) { @($agent['finished'] | Select-Object -Last $Previous) } else { @($agent['running']) }
    foreach ($job in $jobs) { ConvertTo-LabJob -Job $job }
}

function Get-LabPolicy {
    # The policy for files; nothing when none is saved.
    $agent = Get-LabAgent -Command 'Get-OBPolicy'
    if ($null -eq $agent -or $null -eq $agent['policy']) { return }
    $days = [System.DayOfWeek[]] @($agent['policy']['days'])
    $times = [timespan[]] @(foreach ($time in $agent['policy']['times']) { [timespan]::Parse($time, [cultureinfo]::InvariantCulture) })
    return [pscustomobject]@{
        PolicyState    = $agent['policy']['state']
        BackupSchedule = [pscustomobject]@{ ScheduleRunDays = $days; ScheduleRunTimes = $times; ScheduleWeeklyFrequency = [int] $agent['policy']['weeks'] }
    }
}

function Get-LabItem {
    # What the policy includes and excludes, as objects; of another version where the state does not know.
    $agent = Get-LabAgent -Command 'Get-OBFileSpec'
    if ($null -eq $agent['items']) { return [pscustomobject]@{ Path = 'C:\' } }
    foreach ($item in $agent['items']) {
        [pscustomobject]@{ FileSpec = $item['text']; IsExclude = [bool] $item['excluded']; IsRecursive = [bool] $item['recursive'] }
    }
}

function Get-LabPoint {
    # Recovery points; their times are the host's own.
    $agent = Get-LabAgent -Command 'Get-OBAllRecoveryPoints'
    if ($null -eq $agent) { return }
    foreach ($time in $agent['points']) { [pscustomobject]@{ BackupTime = ConvertTo-LabTime -Text $time -Style None } }
}

function Assert-LabProxy {
    # An error of a command about the proxy where the state says so, or the account may not do this.
    param([string] $Command, [string] $Access)
    $null = Get-LabTrouble -Kind 'agent_proxy'
    if (Test-LabDenied -Kind 'agent_proxy' -Access $Access) {
        throw [System.Management.Automation.ErrorRecord]::new([System.UnauthorizedAccessException]::new(), 'AccessDenied', 'PermissionDenied', $null)
    }
    $fails = (Get-LabState)['agent_proxy']['fails']
    if ($fails.Contains($Command)) {
        throw [System.Management.Automation.ErrorRecord]::new([System.Exception]::new('The agent is not there.'), $fails[$Command], 'NotSpecified', $null)
    }
}

function Get-LabMachineSetting {
    # What the agent is set to. Which properties the proxy has, the state says.
    Assert-LabProxy -Command 'Get-OBMachineSetting' -Access 'read'
    $known = (Get-LabState)['agent_proxy']
    $all = @{ Enabled = [bool] $known['server']; ProxyServer = [string] $known['server']; ProxyPort = [int] $known['port']; ProxyUserName = [string] $known['user'] }
    $proxy = [ordered]@{}
    foreach ($name in $known['told']) { $proxy[$name] = $all[$name] }
    return [pscustomobject]@{ NoBandwidthThrottle = $true; ProxySetting = if ($proxy.Count) { [pscustomobject] $proxy } }
}

function Set-LabProxy {
    # Gives the agent a proxy, or none when no server is said. Of a password a digest is kept.
    param([string] $Server, [int] $Port, [string] $User, [securestring] $Password)
    Assert-LabProxy -Command 'Set-OBMachineSetting' -Access 'write'
    $digest = ''
    if ($null -ne $Password) {
        $bytes = [System.Text.Encoding]::UTF8.GetBytes([pscredential]::new('agent', $Password).GetNetworkCredential().Password)
        $digest = [System.Convert]::ToHexString([System.Security.Cryptography.SHA256]::HashData($bytes)).ToLowerInvariant()
    }
    $parts = $Server, $Port, $User
    if ($Server) { $parts = (Get-LabSavedText -Kind 'agent_proxy' -Text "$Server|$Port|$User").Split('|') }
    Update-LabState -Action {
        param($State)
        $proxy = $State['agent_proxy']
        $proxy['server'] = [string] $parts[0]
        $proxy['port'] = [int] $parts[1]
        $proxy['user'] = [string] $parts[2]
        $proxy['password'] = $digest
    }
}

Export-ModuleMember -Function 'Get-LabItem', 'Get-LabJob', 'Get-LabMachineSetting', 'Get-LabPolicy', 'Get-LabPoint', 'Set-LabProxy'
