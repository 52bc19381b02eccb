# Files: whether they are there, how large, when written, of which version. Never what is in them.
# Needs host_path.read.ps1 and registry_value.read.ps1.

function Get-RemediateFile {
    # Each of the paths that is one on a drive. A path that leads to another computer is not followed.
    param([object[]] $Paths)
    $told = @{}
    foreach ($wanted in $Paths) {
        Assert-RemediateTime
        $path = [string] (Resolve-RemediatePath -Path $wanted)
        if ($path -notmatch '^[A-Za-z]:\\' -or $told.ContainsKey($path)) { continue }
        $told[$path] = $true
        $result = [ordered]@{ path = $path; size = $null; modified = $null; version = '' }
        if (Test-RemediatePath -Path $path -Type Leaf) {
            $item = Get-Item -LiteralPath $path -Force
            $result['size'] = [int64] $item.Length
            $result['modified'] = $item.LastWriteTimeUtc.ToString('s') + 'Z'
            # Windows opens a file to tell its version: only a program is
            if ($path -match '\.(exe|dll)$' -and [string] $item.VersionInfo.FileVersion -ne '') {
                $result['version'] = '{0}.{1}.{2}.{3}' -f $item.VersionInfo.FileMajorPart, $item.VersionInfo.FileMinorPart, $item.VersionInfo.FileBuildPart, $item.VersionInfo.FilePrivatePart
            }
        }
        $result
    }
}
