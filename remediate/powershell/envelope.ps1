# Runs the calls of one request and answers with one string. Sent first in every script.
param([string] $Request)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$script:RemediateLock = $null

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
    # An error record as data.
    param([System.Management.Automation.ErrorRecord] $Record)
    $line = 0
    if ($null -ne $Record.InvocationInfo) { $line = [int] $Record.InvocationInfo.ScriptLineNumber }
    $detail = $null
    if ($Record.TargetObject -is [hashtable]) { $detail = $Record.TargetObject }
    return [ordered]@{
        exception = [string] $Record.Exception.PSObject.TypeNames[0]
        message   = [string] $Record.Exception.Message
        hresult   = [int] $Record.Exception.HResult
        error_id  = [string] $Record.FullyQualifiedErrorId
        category  = [string] $Record.CategoryInfo.Category
        line      = $line
        detail    = $detail
    }
}

function Invoke-RemediateCall {
    # Runs one call, unless one that it needs has not succeeded.
    param($Call, [hashtable] $Succeeded)
    $result = [ordered]@{ id = [string] $Call.id; status = 'skipped'; value = @(); error = $null; ms = 0 }
    foreach ($needed in $Call.needs) {
        if (-not $Succeeded.ContainsKey($needed)) { return $result }
    }
    $start = Get-Date
    try {
        $function = Get-Command -Name ([string] $Call.function) -CommandType Function -ErrorAction Stop
        if ($function.Name -notmatch '^[A-Za-z]+-Remediate[A-Za-z]+$') {
            Stop-RemediateCall -ErrorId 'RemediateNotOurs' -Message 'This is not a function of the script.'
        }
        $arguments = ConvertFrom-RemediateArgument -Value $Call.arguments
        # surface: allow dynamic-command - the function's name was matched against ours just above
        $result['value'] = @(& $function @arguments)
        $result['status'] = 'ok'
        $Succeeded[$result['id']] = $true
    }
    catch {
        $result['error'] = ConvertTo-RemediateError -Record $_
        $result['status'] = 'error'
    }
    $result['ms'] = [int] ((Get-Date) - $start).TotalMilliseconds
    return $result
}

function Get-RemediateFact {
    # What the host says of itself. Nothing here may be slow.
    $version = [string] $PSVersionTable['BuildVersion']
    if (-not $version) { $version = [string] $PSVersionTable['OS'] }
    return [ordered]@{
        computer   = [string] $env:COMPUTERNAME
        powershell = [string] $PSVersionTable['PSVersion']
        os         = $version
        culture    = [string] (Get-UICulture).Name
        utc        = (Get-Date).ToUniversalTime().ToString('s') + 'Z'
    }
}

function Compress-RemediateReply {
    # The reply packed, so that an audit of 500 tasks takes no more exchanges than one of 5.
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

function Invoke-RemediateRequest {
    # The whole of one pipeline.
    param([string] $Request)
    $document = ConvertFrom-Json -InputObject $Request
    $succeeded = @{}
    try {
        $results = @(foreach ($call in $document.calls) { Invoke-RemediateCall -Call $call -Succeeded $succeeded })
        $reply = [ordered]@{ version = 1; host = Get-RemediateFact; calls = $results }
        $json = ConvertTo-Json -InputObject $reply -Depth 12 -Compress
    }
    finally {
        # surface: allow language-mode - only set in FullLanguage
        if ($null -ne $script:RemediateLock) { $script:RemediateLock.Dispose() }
    }
    return (Compress-RemediateReply -Json $json) + "`n#remediate-end " + $document.run
}
