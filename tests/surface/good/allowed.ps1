# Uses a lot that is allowed; nothing here may be a finding. 𐐷𐐷 한국어
param([string] $Request)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$script:Count = 0

function Get-Thing {
    # Reads in many ways.
    [CmdletBinding(SupportsShouldProcess = $true)]
    param(
        [Parameter(Mandatory = $true, ValueFromPipeline = $true)] [string] $Name,
        [ValidateSet('Red', 'Green')] [string] $Kind = 'Red',
        [string[]] $More,
        [Parameter(Mandatory)] [switch] $All,
        [hashtable] $Table,
        $Value
    )
    process {
        $found = [ordered] @{ name = $Name; kind = $Kind; more = @($More); all = [bool] $All }
        if ($Table.ContainsKey('a')) { $found['a'] = $Table['a'] }
        if ($Value -is [string]) { $found['text'] = $Value.Substring(1).Trim().ToLowerInvariant() }
        $found['utc'] = (Get-Date).ToUniversalTime().ToString('s') + 'Z'
        $found['seconds'] = ((Get-Date) - ([datetime] '1970-01-01')).TotalSeconds
        $found['id'] = [guid]::NewGuid().ToString()
        $found['safe'] = [regex]::Escape($Name)
        $found['empty'] = [string]::IsNullOrEmpty($Name)
        $found['mode'] = [System.IO.FileMode]::Open
        $found['hex'] = 0x8007 + 1L + 2kb + 1.5 + 1e3
        $found['text'] = "a`tb`n$($found['id'])" -replace 'a', 'b' -split ','
        $found['first'] = ($Name -split ',')[0].Trim() + $Name.Split(',')[1].ToUpperInvariant()
        return $found
    }
}

function Get-Task {
    param([string] $Folder)
    $tasks = @(Get-ScheduledTask -CimSession $Session -TaskPath $Folder -ErrorAction Stop | Where-Object -FilterScript { $_.TaskPath -eq $Folder })
    foreach ($task in $tasks) {
        @{
            name   = $task.TaskName
            policy = $task.Settings.CimInstanceProperties['MultipleInstances'].Value
            run    = $task.Actions[0].Execute
            limit  = $task.Settings.ExecutionTimeLimit
            xml    = Export-ScheduledTask -CimSession $Session -TaskName $task.TaskName -TaskPath $task.TaskPath
            count  = $tasks.Count
        }
    }
    $info = Get-ScheduledTaskInfo -CimSession $Session -TaskName 'a' -TaskPath '\'
    $event = Get-WinEvent -FilterHashtable @{ LogName = 'CloudBackup'; Level = 2 } -MaxEvents 5 | Select-Object -First 1
    $when = $event.TimeCreated.ToUniversalTime().ToString('s')
    $status = (Get-Service -Name 'Spooler').Status -eq 'Running'
    return @($when, $status, $info.LastTaskResult, $info.PSObject.Properties['NextRunTime'])
}

function Set-Thing {
    param([hashtable] $Identity, [string] $Mode)
    $service = Get-CimInstance -OperationTimeoutSec 9 -ClassName Win32_Service -Filter "Name = 'Spooler' AND State <> 'Stopped'" -Property Name, StartMode
    $answer = Invoke-CimMethod -OperationTimeoutSec 9 -InputObject $service -MethodName ChangeStartMode -Arguments @{ StartMode = $Mode }
    if ($answer.ReturnValue -ne 0) { Write-Error -Message 'Not changed.' -ErrorId 'NotChanged' -Category InvalidOperation -ErrorAction Stop }
    Invoke-CimMethod -OperationTimeoutSec 9 -ClassName StdRegProv -MethodName GetStringValue -Arguments @{ hDefKey = [uint32] 2147483650; sSubKeyName = 'SOFTWARE'; sValueName = 'a' }
    Get-CimInstance -OperationTimeoutSec 9 -Namespace 'root/Microsoft/Windows/Storage' -ClassName MSFT_Volume | Where-Object -FilterScript { $_.DriveLetter -eq 'C' }
    $splat = @{ LiteralPath = 'HKLM:\SOFTWARE\remediate'; Name = 'a' }
    if ($Mode) { $splat['Value'] = 1 }
    Set-ItemProperty @splat -Type DWord
    Restart-Service -Name $Identity['name'] -Force -Confirm:$false
    $ErrorActionPreference = 'Continue'
    tzutil.exe /g | Out-Null
    & "$env:SystemRoot\System32\vssadmin.exe" list writers
    & { Get-Item -LiteralPath $env:ProgramFiles }
    $null = New-Item -Path 'C:\a' -ItemType Directory
    'one', 'two' | ForEach-Object -Process { Get-Thing -Name $_ -All } | Select-Object -First 1
    'three' | Get-Thing -Kind Green -All -WhatIf -Verbose
}

function Get-Zone {
    $known = Get-Command -Name Get-TimeZone -ErrorAction SilentlyContinue
    if ($null -ne $known) {
        # surface: allow command - behind the guard; 2012 R2 takes the branch below
        return (Get-TimeZone).Id
    }
    return [System.TimeZoneInfo]::Local.Id
}

function Get-Preference {
    if (-not (Get-Command -Name Get-MpPreference -ErrorAction SilentlyContinue)) { return }
    $preference = Get-MpPreference -CimSession $Session # surface: allow command - Defender came with 2016
    try { return $preference.ExclusionPath }
    catch [System.IO.IOException], [System.Management.Automation.RuntimeException] {
        return $_.Exception.Message + $_.FullyQualifiedErrorId + $_.Exception.PSObject.TypeNames[0]
    }
}

function Get-Backup {
    if (-not (Get-Command -Name Get-OBJob -ErrorAction Ignore)) { 'none' }
    else {
        # surface: allow command - comes with the agent
        # surface: allow value - two markers may stand above one line
        Get-OBJob -Previous 1 -Status Everything
    }
}

function Close-Thing {
    param($Stream)
    # surface: allow language-mode - only reached in FullLanguage
    $Stream.Close()
}

# surface: allow language-mode - a marker above a function is for all of it
function Close-All {
    param($One, $Other)
    $One.Close()
    $Other.Close()
}

Set-Thing -Identity @{ name = 'Spooler' } -Mode $Request
