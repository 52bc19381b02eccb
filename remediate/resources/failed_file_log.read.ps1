# The agent's newest log of files that it could not back up. Needs file_tail.read.ps1, host_path.read.ps1 and
# registry_value.read.ps1.

function Get-RemediateFailedFileLog {
    # Which of the logs in a folder is the newest, and the end of it, as bytes; where the agent is not installed, nothing.
    param($Folder, [int] $Most)
    $folder = Resolve-RemediatePath -Path $Folder
    if ($null -eq $folder) { return }
    $result = [ordered]@{ folder = $folder; logs = 0; name = ''; size = 0; modified = $null; start = 0; tail = ''; code_page = '' }
    $page = Get-RemediateRegistryData -Key 'HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Nls\CodePage' -Name 'ACP'
    if ($null -ne $page) { $result['code_page'] = [string] $page['data'] }
    if (-not (Test-RemediatePath -Path $folder -Type Container)) { return $result }
    $newest = $null
    foreach ($log in @(Get-ChildItem -LiteralPath $folder -Filter 'LastBackupFailedFiles*.txt' -File -Force | Limit-RemediateList -Name 'logs of failed files')) {
        $result['logs']++
        $written = $log.LastWriteTimeUtc.ToString('s') + 'Z'
        if ($null -ne $newest -and $written -lt $result['modified']) { continue }
        $newest = $log
        $result['modified'] = $written
    }
    if ($null -eq $newest) { return $result }
    $result['name'] = [string] $newest.Name
    $tail = Get-RemediateFileTail -Path ($folder + '\' + $newest.Name) -Most $Most
    foreach ($name in @($tail.Keys)) { $result[$name] = $tail[$name] }
    return $result
}
