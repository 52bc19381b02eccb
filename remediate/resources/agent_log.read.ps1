# The ends of the newest logs of the agent. Needs file_tail.read.ps1, host_path.read.ps1 and registry_value.read.ps1.

function Get-RemediateAgentLog {
    # The newest logs in a folder, the newest first, and the end of each; where the agent is not installed, nothing.
    param($Folder, [int] $Newest, [int] $Most)
    $folder = Resolve-RemediatePath -Path $Folder
    if ($null -eq $folder) { return }
    $result = [ordered]@{ folder = $folder; found = 0; logs = @() }
    if (-not (Test-RemediatePath -Path $folder -Type Container)) { return $result }
    $found = @(Get-ChildItem -LiteralPath $folder -Filter 'CBEngine*.errlog' -File -Force | Limit-RemediateList -Name 'logs of the agent')
    $result['found'] = $found.Count
    $order = @(@{ Expression = 'LastWriteTimeUtc'; Descending = $true }, 'Name')
    foreach ($log in @($found | Sort-Object -Property $order | Select-Object -First $Newest)) {
        $tail = Get-RemediateFileTail -Path ($folder + '\' + $log.Name) -Most $Most
        $tail['name'] = [string] $log.Name
        $tail['modified'] = $log.LastWriteTimeUtc.ToString('s') + 'Z'
        $result['logs'] += $tail
    }
    return $result
}
