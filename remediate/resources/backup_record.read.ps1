# What the agent says of its backups. Needs backup_record.ask.ps1, host_path.read.ps1, own_process.ps1 and registry_value.read.ps1.

function Get-RemediateBackupRecord {
    # The record of the agent that is installed, if one is.
    param($Path, [int] $Most)
    $module = Resolve-RemediatePath -Path $Path
    if ($null -eq $module) { return }
    $result = [ordered]@{ path = $module; problems = @(); running = $null; finished = $null; policy = $null; items = $null; points = $null }
    $definition = $module + '\MSOnlineBackup.psd1'
    if (-not (Test-RemediatePath -Path $definition -Type Leaf)) {
        $result['problems'] = @('Its PowerShell module is not there.')
        return $result
    }
    $found = Read-RemediateAgent -Path (Resolve-Path -LiteralPath $definition).ProviderPath -Most $Most
    if (-not $found['ended']) { $result['problems'] += 'It has not answered in the time that this question has.' }
    elseif ($found['said'].Count -eq 0) { $result['problems'] += 'The process in which it was asked ended without a word.' }
    foreach ($said in $found['said']) {
        if ($said['part'] -eq 'denied') { Write-Error -Message $said['text'] -ErrorId 'AccessDenied' -Category PermissionDenied -ErrorAction Stop }
        if ($said['part'] -eq 'problem') { $result['problems'] += [string] $said['text'] }
        else { $result[[string] $said['part']] = $said['value'] }
    }
    return $result
}
