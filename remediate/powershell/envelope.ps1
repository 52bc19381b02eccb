# Runs the calls of one request and answers with lines of JSON: the host, then each call as it ends, then an end marker.
# The lines go out in one string while all is quick, so that an audit costs one answer; sent first in every script.
# Secrets travel beside the request, as SecureStrings by call and name, and are handed on as they are.
param([string] $Request, [hashtable] $Secrets)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
# A session over WinRM speaks en-US, as it was asked to; a PowerShell that was started as a program what its account does. What is
# matched and formatted is the same in each: in Turkish, .NET up to 6 finds no I among [A-Z] when case does not matter.
if ($ExecutionContext.SessionState.LanguageMode -eq 'FullLanguage') {
    # surface: allow language-mode - only reached in FullLanguage
    [System.Threading.Thread]::CurrentThread.CurrentCulture = [cultureinfo]::InvariantCulture
}
$script:RemediateSecrets = $Secrets
$script:RemediateLock = $null
$script:RemediateUntil = [datetime]::MaxValue  # when the present call has to have ended
$script:RemediateMost = 4000000                # characters of one answer
$script:RemediateCimSession = $null            # see Get-RemediateCimSession
$script:RemediateCimSeconds = 0
$script:RemediateWrappers = 'System.Management.Automation.MethodInvocationException', 'System.Management.Automation.GetValueInvocationException'

function Stop-RemediateCall {
    # Ends a call with an error that the controller knows by its id.
    param([string] $ErrorId, [string] $Message, [hashtable] $Detail)
    Write-Error -Message $Message -ErrorId $ErrorId -Category InvalidOperation -TargetObject $Detail -ErrorAction Stop
}

function ConvertFrom-RemediateArgument {
    # Objects become hashtables; strings lose the mark that kept PowerShell from reading dates into them.
    param($Value)
    if ($Value -is [string]) { return $Value.Substring(1) }
    if ($Value -is [array]) {
        return , @(foreach ($item in $Value) { ConvertFrom-RemediateArgument -Value $item })
    }
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        $table = @{}
        foreach ($property in $Value.PSObject.Properties) {
            $table[$property.Name] = ConvertFrom-RemediateArgument -Value $property.Value
        }
        return $table
    }
    return $Value
}

function ConvertTo-RemediateError {
    # An error record as data. What a method or a property of .NET refuses is wrapped by PowerShell: told is what it said.
    param([System.Management.Automation.ErrorRecord] $Record)
    $line = 0
    if ($null -ne $Record.InvocationInfo -and -not $Record.InvocationInfo.ScriptName) { $line = [int] $Record.InvocationInfo.ScriptLineNumber }
    $detail = $null
    if ($Record.TargetObject -is [hashtable]) { $detail = $Record.TargetObject }
    $cause = $Record.Exception
    while ($cause.PSObject.TypeNames[0] -in $script:RemediateWrappers -and $null -ne $cause.InnerException) { $cause = $cause.InnerException }
    return [ordered]@{
        exception = [string] $cause.PSObject.TypeNames[0]
        message   = [string] $cause.Message
        hresult   = [int] $cause.HResult
        error_id  = [string] $Record.FullyQualifiedErrorId
        category  = [string] $Record.CategoryInfo.Category
        line      = $line
        detail    = $detail
    }
}

function Get-RemediateSecondsLeft {
    # Whole seconds that the present call may still take, at least one: for commands that take a limit. Where the call has
    # none, as in a write, a command that takes a minute hangs.
    if ($script:RemediateUntil -eq [datetime]::MaxValue) { return [uint32] 60 }
    $left = ($script:RemediateUntil - (Get-Date)).TotalSeconds
    if ($left -lt 2) { return [uint32] 1 }
    return [uint32] [int] ($left - 0.5)
}

function Get-RemediateCimSession {
    # A session to this computer whose commands end when the time of the present call does: for commands that take a session
    # and no limit. It ends with the call.
    $seconds = Get-RemediateSecondsLeft
    if ($script:RemediateCimSeconds -ne $seconds) {
        Close-RemediateCimSession
        $script:RemediateCimSession = New-CimSession -OperationTimeoutSec $seconds -SkipTestConnection
        $script:RemediateCimSeconds = $seconds
    }
    return $script:RemediateCimSession
}

function Close-RemediateCimSession {
    # Ends the session of the present call, if it has one.
    if ($null -eq $script:RemediateCimSession) { return }
    Remove-CimSession -CimSession $script:RemediateCimSession
    $script:RemediateCimSession = $null
    $script:RemediateCimSeconds = 0
}

function Assert-RemediateTime {
    # Ends the present call when its time is up; for loops, whose commands take no limit.
    if ((Get-Date) -gt $script:RemediateUntil) { Stop-RemediateCall -ErrorId 'RemediateNoTime' -Message 'The time for this question is used up.' }
}

function Limit-RemediateList {
    # Passes things on, and ends the present call at one too many, or when its time is up.
    param([string] $Name, [int] $Most = 5000)
    begin { $count = 0 }
    process {
        $count++
        if ($count -gt $Most) { Stop-RemediateCall -ErrorId 'RemediateTooMany' -Message "There are more than $Most $Name." }
        Assert-RemediateTime
        $_
    }
}

function Limit-RemediateText {
    # A text as it is; ends the present call when it is too long.
    param([string] $Text, [string] $Name, [int] $Most = 1000000)
    if ($Text.Length -gt $Most) { Stop-RemediateCall -ErrorId 'RemediateTooLong' -Message "$Name has $($Text.Length) characters; $Most is the most that is read." }
    return $Text
}

function Get-RemediateSecret {
    # The secrets of one call, by name.
    param([string] $Id)
    $own = @{}
    if ($null -eq $script:RemediateSecrets) { return $own }
    foreach ($key in $script:RemediateSecrets.Keys) {
        $call, $name = $key -split ' '
        if ($call -eq $Id) { $own[$name] = $script:RemediateSecrets[$key] }
    }
    return $own
}

function Invoke-RemediateCall {
    # Runs one call, unless one that it needs has not succeeded, or no time is left to begin it.
    param($Call, [hashtable] $Succeeded, $End, [string] $Another)
    $result = [ordered]@{ id = [string] $Call.id; status = 'skipped'; value = @(); error = $null; ms = 0 }
    foreach ($needed in $Call.needs) {
        if (-not $Succeeded.ContainsKey($needed)) { return $result }
    }
    $start = Get-Date
    $script:RemediateUntil = $End
    if ($null -ne $Call.seconds -and $start.AddSeconds($Call.seconds) -lt $End) { $script:RemediateUntil = $start.AddSeconds($Call.seconds) }
    if ($start.AddSeconds(1) -gt $script:RemediateUntil) {
        $result['status'] = 'unanswered'
        return $result
    }
    try {
        if ($Another) { Stop-RemediateCall -ErrorId 'RemediateAnotherComputer' -Message $Another }
        $function = Get-Command -Name ([string] $Call.function) -CommandType Function -ErrorAction Stop
        if ($function.Name -notmatch '^[A-Za-z]+-Remediate[A-Za-z]+$') {
            Stop-RemediateCall -ErrorId 'RemediateNotOurs' -Message 'This is not a function of the script.'
        }
        $arguments = ConvertFrom-RemediateArgument -Value $Call.arguments
        $own = Get-RemediateSecret -Id $result['id']
        if ($own.Count -gt 0) { $arguments['secrets'] = $own }
        if ($function.Name -like 'Set-Remediate*') { $result['value'] = @(Invoke-RemediateWrite -Function $function -Arguments $arguments) }
        else {
            # surface: allow dynamic-command - the function's name was matched against ours just above
            $result['value'] = @(& $function @arguments)
        }
        $result['status'] = 'ok'
        $Succeeded[$result['id']] = $true
    }
    catch {
        $result['error'] = ConvertTo-RemediateError -Record $_
        $result['status'] = 'error'
    }
    finally { Close-RemediateCimSession }
    $result['ms'] = [int] ((Get-Date) - $start).TotalMilliseconds
    return $result
}

function ConvertTo-RemediateLine {
    # What became of a call, as a line of JSON. What cannot be one, or is too long, is an error of this call only.
    param($Result)
    try {
        $line = ConvertTo-Json -InputObject $Result -Depth 12 -Compress
        if ($line.Length -gt $script:RemediateMost) {
            Stop-RemediateCall -ErrorId 'RemediateTooLong' -Message "The answer has $($line.Length) characters; $script:RemediateMost is the most that is sent."
        }
        return $line
    }
    catch {
        $failed = [ordered]@{ id = $Result['id']; status = 'error'; value = @(); error = ConvertTo-RemediateError -Record $_; ms = $Result['ms'] }
        return ConvertTo-Json -InputObject $failed -Depth 12 -Compress
    }
}

function Get-RemediateMachineGuid {
    # What Windows made once, when it was installed; nothing where it cannot be read. A 32-bit process would look elsewhere.
    if ($env:PROCESSOR_ARCHITEW6432) { return '' }
    try { return [string] (Get-ItemProperty -LiteralPath 'Registry::HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography' -Name 'MachineGuid').MachineGuid }
    catch { return '' }
}

function Get-RemediateOther {
    # Says which computer this is when another one is meant; nothing when it is the right one. Without a GUID the name decides.
    param($Wanted, $Found)
    if ($null -eq $Wanted) { return }
    $guid = ConvertFrom-RemediateArgument -Value $Wanted.guid
    $name = ConvertFrom-RemediateArgument -Value $Wanted.name
    $same = $name -eq '' -or $name -eq $Found['name']
    if ($guid -ne '' -and $Found['guid'] -ne '') { $same = $same -and $guid -eq ($Found['guid'] -replace '[{} ]', '') }
    if (-not $same) { return "This is computer $($Found['name']), and $name is meant." }
}

function Get-RemediateFact {
    # What the host says of itself. Nothing here may be slow.
    $version = [string] $PSVersionTable['BuildVersion']
    if (-not $version) { $version = [string] $PSVersionTable['OS'] }
    return [ordered]@{
        computer   = [ordered]@{ name = [string] $env:COMPUTERNAME; guid = Get-RemediateMachineGuid }
        powershell = [string] $PSVersionTable['PSVersion']
        os         = $version
        culture    = [string] (Get-UICulture).Name
        utc        = (Get-Date).ToUniversalTime().ToString('s') + 'Z'
    }
}

function Compress-RemediateReply {
    # Lines packed, so that an audit of 500 tasks takes no more exchanges than one of 5.
    param([string] $Json)
    if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') { return $Json }
    $whole = [regex]::Replace($Json, '[\ud800-\udfff]', { param($match) '\u{0:x4}' -f [int] [char] $match.Value })
    # surface: allow language-mode - only reached in FullLanguage; otherwise the reply goes unpacked
    $bytes = [System.Text.Encoding]::UTF8.GetBytes($whole)
    # surface: allow language-mode - as above
    $buffer = New-Object -TypeName System.IO.MemoryStream
    # surface: allow language-mode - as above
    $gzip = New-Object -TypeName System.IO.Compression.GZipStream -ArgumentList $buffer, ([System.IO.Compression.CompressionMode]::Compress)
    # surface: allow language-mode - as above
    $gzip.Write($bytes, 0, $bytes.Length)
    # surface: allow language-mode - as above
    $gzip.Dispose()
    # surface: allow language-mode - as above
    return 'gzip:' + [System.Convert]::ToBase64String($buffer.ToArray())
}

function Write-RemediateLines {
    # Puts lines out in one string.
    param([string[]] $Lines)
    Compress-RemediateReply -Json ($Lines -join "`n")
}

function Invoke-RemediateRequest {
    # The whole of one pipeline.
    param([string] $Request)
    $document = ConvertFrom-Json -InputObject $Request
    $start = Get-Date
    $end = [datetime]::MaxValue
    if ($null -ne $document.seconds) { $end = $start.AddSeconds($document.seconds) }
    $fact = Get-RemediateFact
    $another = [string] (Get-RemediateOther -Wanted $document.computer -Found $fact['computer'])
    $lines = @(ConvertTo-Json -InputObject ([ordered]@{ version = 2; host = $fact }) -Depth 4 -Compress)
    $succeeded = @{}
    try {
        foreach ($call in $document.calls) {
            if ($lines.Count -gt 0 -and ((Get-Date) - $start).TotalSeconds -ge [double] $document.patience) {
                Write-RemediateLines -Lines $lines
                $lines = @()
            }
            $lines += ConvertTo-RemediateLine -Result (Invoke-RemediateCall -Call $call -Succeeded $succeeded -End $end -Another $another)
        }
    }
    finally {
        # surface: allow language-mode - only set in FullLanguage
        if ($null -ne $script:RemediateLock) { $script:RemediateLock.Dispose() }
    }
    Write-RemediateLines -Lines ($lines + ('#remediate-end ' + $document.run))
}
