# The agent's newest log of files that it could not back up. Needs host_path.read.ps1 and registry_value.read.ps1.

function Get-RemediateFailedFileLog {
    # Which of the logs in a folder is the newest, and the end of it, as bytes; where the agent is not installed, nothing.
    param($Folder, [int] $Most)
    $folder = Resolve-RemediatePath -Path $Folder
    if ($null -eq $folder) { return }
    $result = [ordered]@{ folder = $folder; logs = 0; name = ''; size = 0; modified = $null; start = 0; tail = ''; code_page = '' }
    $page = Get-RemediateRegistryData -Key 'HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Nls\CodePage' -Name 'ACP'
    if ($null -ne $page) { $result['code_page'] = [string] $page['data'] }
    if (-not (Test-Path -LiteralPath $folder -PathType Container)) { return $result }
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
    $place = (Resolve-Path -LiteralPath ($folder + '\' + $newest.Name)).ProviderPath
    # the agent may be writing it
    # surface: allow language-mode - where the folder is stands in the registry, and reading that needs FullLanguage already
    $stream = [System.IO.File]::Open($place, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]'ReadWrite, Delete')
    try {
        $result['size'] = [int64] $stream.Length
        # at an even byte, as a character of UTF-16 has two
        $start = $result['size'] - $Most
        if ($start -lt 0) { $start = 0 }
        $result['start'] = $start - $start % 2
        # surface: allow language-mode - as above
        $null = $stream.Seek($result['start'], [System.IO.SeekOrigin]::Begin)
        $bytes = New-Object -TypeName byte[] -ArgumentList ($Most + 2)
        $count = 0
        do {
            # surface: allow language-mode - as above
            $read = $stream.Read($bytes, $count, $bytes.Length - $count)
            $count += $read
        } while ($read -gt 0 -and $count -lt $bytes.Length)
        # surface: allow language-mode - as above
        $result['tail'] = [System.Convert]::ToBase64String($bytes, 0, $count)
    }
    finally {
        # surface: allow language-mode - as above
        $stream.Dispose()
    }
    return $result
}
