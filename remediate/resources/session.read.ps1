# The session that asks. It is told in every language mode, so without .NET: what it is about may be that .NET is closed.

function Get-RemediateSession {
    # What PowerShell lets it do, and the SIDs of its groups: their names and attributes are in Windows' language.
    $groups = $null
    # what a program writes to its error stream must not end the call
    $ErrorActionPreference = 'Continue'
    # surface: allow reader - it only looks
    try { $lines = @(whoami.exe /groups /fo csv /nh | Limit-RemediateList -Name 'groups') }
    catch { $lines = @() }  # a security product or an endpoint does not let it start
    $sids = @(foreach ($line in $lines) { if ($line -match '^"[^"]*","[^"]*","(S-1-[0-9-]+)"') { $Matches[1] } })
    if ($sids.Count -gt 0) { $groups = $sids }
    [ordered]@{ name = 'PowerShell'; language_mode = [string] $ExecutionContext.SessionState.LanguageMode; groups = $groups }
}
