# For where PowerShell is a program and no endpoint: takes a request, its sealed secrets and a script from the standard input,
# runs the script with the others, and puts each string out as a line of ASCII. Without the last line the input was cut off,
# and nothing is run.
if ($env:RemediateModules) { $env:PSModulePath = $env:RemediateModules }  # before any command: one may load a module
$ErrorActionPreference = 'Stop'
$lines = @($input)
try {
    if ($lines.Count -lt 4 -or $lines[-1] -cne '#remediate-whole') { Write-Error -Message 'The script did not arrive whole.' -ErrorId 'RemediateCutOff' }
    $text = $lines[2..($lines.Count - 2)] -join "`n"
    # surface: allow invoke-expression - a command line cannot carry the script, and the controller sent it
    # surface: allow language-mode - nothing works without it here, and the page on hosts says so
    $script = [scriptblock]::Create($text)
    $given = @{ Request = $lines[0] }
    $sealed = ConvertFrom-Json -InputObject $lines[1]
    foreach ($one in $sealed.PSObject.Properties) {
        if (-not $given.ContainsKey('Secrets')) { $given['Secrets'] = @{} }
        $given['Secrets'][$one.Name] = ConvertTo-SecureString -String $one.Value
    }
    # surface: allow dynamic-command - what the controller sent is checked there
    # surface: allow language-mode - as above; a line goes out at once, and as long as it is
    & $script @given | ForEach-Object -Process { [System.Console]::Out.WriteLine([string] $_) }
}
catch {
    $cause = $_.Exception
    $id = $_.FullyQualifiedErrorId
    if ($cause.PSObject.TypeNames[0] -eq 'System.Management.Automation.MethodInvocationException' -and $null -ne $cause.InnerException.ErrorRecord) {
        $cause = $cause.InnerException  # what Create said of the script
        $id = $cause.ErrorRecord.FullyQualifiedErrorId
    }
    $line = 0
    if ($null -ne $_.InvocationInfo -and -not $_.InvocationInfo.ScriptName) { $line = [int] $_.InvocationInfo.ScriptLineNumber }
    $failed = [ordered]@{ exception = [string] $cause.PSObject.TypeNames[0]; message = [string] $cause.Message; error_id = [string] $id; line = $line }
    $json = [regex]::Replace((ConvertTo-Json -InputObject $failed -Compress), '[^\x20-\x7e]', { param($match) '\u{0:x4}' -f [int] [char] $match.Value })
    '#remediate-failed ' + $json
}
