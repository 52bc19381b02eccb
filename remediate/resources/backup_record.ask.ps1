# Asks the agent's own PowerShell module, whose code is run for that. Needs own_process.ps1.
# What its objects have is not documented, but seen in scripts that use them. States and types are names of enums, which
# Windows does not translate.

function Read-RemediateAgent {
    # What it says, a table for each part as that is known, so that it counts also where another part takes too long.
    param([string] $Path, [int] $Most)
    return Invoke-RemediateOwnProcess -Argument $Most, $Path -Script {
        param([int] $Most, [string] $Path)
        if ($env:RemediateModules) { $env:PSModulePath = $env:RemediateModules }
        $PID
        function ConvertTo-Time {
            # A time in UTC; nothing for one that is not set. Where it does not say its zone it is UTC, unless -Local.
            param($Time, [switch] $Local)
            if ($null -eq $Time -or ([datetime] $Time).Year -lt 1990) { return $null }
            $kind = [string] ([datetime] $Time).Kind
            if ($kind -eq 'Local' -or ($Local -and $kind -eq 'Unspecified')) { $Time = ([datetime] $Time).ToUniversalTime() }
            return ([datetime] $Time).ToString('s') + 'Z'
        }
        function ConvertTo-Source {
            # The name of what is backed up or restored. The system state is told by its VSS writer, as its name is translated.
            param($Source)
            if ([string] $Source.WriterId -eq 'DA57A531-E7E7-4346-9A68-B511F551DEB6') { 'System State' }
            elseif ($Source.DataSourceName) { [string] $Source.DataSourceName }
        }
        function ConvertTo-Job {
            # An operation of the agent.
            param($Job)
            $status = $Job.JobStatus
            return @{
                type    = [string] $Job.JobType
                state   = [string] $status.JobState
                started = ConvertTo-Time -Time $status.StartTime
                ended   = ConvertTo-Time -Time $status.EndTime
                error   = [string] $status.ErrorInfo.ErrorCode
                detail  = [string] $status.ErrorInfo.DetailedErrorCode
                sources = @(foreach ($source in @($status.DatasourceStatus)) { ConvertTo-Source -Source $source.Datasource })
                drives  = @(foreach ($source in @($status.DatasourceStatus)) { if ([string] $source.DriveLetter -cmatch '^[A-Za-z]') { $Matches[0] } })
            }
        }
        function ConvertTo-Item {
            # What the policy includes or excludes; nothing where the object does not say all of it.
            param($Spec)
            foreach ($name in 'FileSpec', 'IsExclude', 'IsRecursive') { if ($null -eq $Spec.PSObject.Properties[$name]) { return } }
            $text = [string] $Spec.FileSpec
            if ($text -and $text.Length -le 1000) { return @{ text = $text; excluded = [bool] $Spec.IsExclude; recursive = [bool] $Spec.IsRecursive } }
        }
        function ConvertTo-Problem {
            # Why a command has failed.
            param($Record, [string] $Command)
            $id = ([string] $Record.FullyQualifiedErrorId -split ',')[0] -replace '(?s)^(.{200}).*', '$1'
            $part = if ([string] $Record.CategoryInfo.Category -eq 'PermissionDenied') { 'denied' } else { 'problem' }
            return @{ part = $part; text = "$Command fails with $id." }
        }
        try { $null = Import-Module -Name $path -ErrorAction Stop }
        catch { return ConvertTo-Problem -Record $_ -Command 'Import-Module' }
        if ($null -eq (Get-Command -Name Get-OBJob -ErrorAction SilentlyContinue)) { return @{ part = 'problem'; text = 'Its PowerShell module has no Get-OBJob.' } }
        try {
            # surface: allow command - it is there where it was found above
            $running = @(Get-OBJob -ErrorAction Stop | Select-Object -First $most)
            @{ part = 'running'; value = @(foreach ($job in $running) { ConvertTo-Job -Job $job }) }
            # surface: allow command - it is there where it was found above
            $finished = @(Get-OBJob -Previous $most -ErrorAction Stop | Select-Object -First $most)
            @{ part = 'finished'; value = @(foreach ($job in $finished) { ConvertTo-Job -Job $job }) }
        }
        catch { ConvertTo-Problem -Record $_ -Command 'Get-OBJob' }
        if ($null -eq (Get-Command -Name Get-OBPolicy -ErrorAction SilentlyContinue) -or $null -eq (Get-Command -Name Get-OBSchedule -ErrorAction SilentlyContinue)) { return }
        $policy = @()
        try {
            # surface: allow command - it is there where it was found above
            $policy = @(Get-OBPolicy -ErrorAction Stop | Select-Object -First 1)
            # surface: allow command - it is there where it was found above
            $schedule = @(foreach ($one in $policy) { Get-OBSchedule -Policy $one -ErrorAction Stop })
            $value = @{ saved = $policy.Count -gt 0; state = ''; days = @(); times = @(); weeks = 1 }
            foreach ($one in $policy) { $value['state'] = [string] $one.PolicyState }
            foreach ($one in $schedule) {
                $value['days'] += @(foreach ($day in $one.ScheduleRunDays) { [int] $day })
                $value['times'] += @(foreach ($time in $one.ScheduleRunTimes) { [string] $time })
                if ($one.ScheduleWeeklyFrequency -gt 1) { $value['weeks'] = [int] $one.ScheduleWeeklyFrequency }
            }
            @{ part = 'policy'; value = $value }
        }
        catch { ConvertTo-Problem -Record $_ -Command 'Get-OBPolicy' }
        if ($policy.Count -gt 0 -and $null -ne (Get-Command -Name Get-OBFileSpec -ErrorAction SilentlyContinue)) {
            try {
                # surface: allow command - it is there where it was found above
                $specs = @(Get-OBFileSpec -Policy $policy[0] -ErrorAction Stop | Select-Object -First 501)
                $items = @(foreach ($spec in $specs) { ConvertTo-Item -Spec $spec })
                # a part of them would look like all
                if ($items.Count -eq $specs.Count -and $items.Count -le 500) { @{ part = 'items'; value = $items } }
            }
            catch { ConvertTo-Problem -Record $_ -Command 'Get-OBFileSpec' }
        }
        if ($null -eq (Get-Command -Name Get-OBAllRecoveryPoints -ErrorAction SilentlyContinue)) { return }
        try {
            # surface: allow command - it is there where it was found above
            $times = @(Get-OBAllRecoveryPoints -ErrorAction Stop | Select-Object -First 20000 | ForEach-Object -Process { ConvertTo-Time -Time $_.BackupTime -Local })
            $value = @{ count = $times.Count; newest = $null }
            foreach ($time in @($times | Sort-Object)) { $value['newest'] = $time }
            @{ part = 'points'; value = $value }
        }
        catch { ConvertTo-Problem -Record $_ -Command 'Get-OBAllRecoveryPoints' }
    }
}
