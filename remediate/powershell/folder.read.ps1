# Folders as content: what is in one, and which folders of ours stand beside it.
# A staging folder stands beside the folder it may replace, is named <folder>.remediate-<digest>, and holds a marker file as
# long as it is ours to fill or to remove. Without the marker it is somebody's data: it is never written to or deleted.

$script:RemediateMarker = 'remediate.staging'

function Test-RemediateLink {
    # Whether an item leads elsewhere: a symbolic link, a junction, a mount point.
    param($Item)
    return ([int] $Item.Attributes -band 1024) -ne 0
}

function Get-RemediateTree {
    # Paths of all files below a folder, relative, and of what leads elsewhere, which is not followed.
    param([string] $Path)
    $files = @()
    $links = @()
    $root = Get-Item -LiteralPath $Path -Force
    if (Test-RemediateLink -Item $root) { $links += '.' }
    $todo = @(if ($links.Count -eq 0) { '' })
    while ($todo.Count -gt 0) {
        $next = @()
        foreach ($folder in $todo) {
            $place = $Path
            if ($folder) { $place = $Path + '\' + $folder }
            foreach ($item in @(Get-ChildItem -LiteralPath $place -Force | Limit-RemediateList -Name 'files in a folder')) {
                $name = [string] $item.Name
                if ($folder) { $name = $folder + '\' + $name }
                if (Test-RemediateLink -Item $item) { $links += $name }
                elseif ($item.PSIsContainer) { $next += $name }
                elseif ($name -ne $script:RemediateMarker) { $files += @{ path = $name; size = [int64] $item.Length } }
            }
            if ($files.Count -gt 10000) { Stop-RemediateCall -ErrorId 'RemediateTooMany' -Message "There are more than 10000 files below $Path." }
        }
        $todo = $next
    }
    return @{ files = $files; links = $links }
}

function Get-RemediateHash {
    # SHA-256 of a file, in small letters. Get-FileHash is not there on each host that this is for: Windows PowerShell has it
    # in a script module, which an execution policy may block, and which is not found behind the modules of PowerShell 7.
    param([string] $Path)
    $place = (Resolve-Path -LiteralPath $Path).ProviderPath
    # surface: allow language-mode - where the folder is stands in the registry, and reading that needs FullLanguage already
    $algorithm = [System.Security.Cryptography.SHA256]::Create()
    # surface: allow language-mode - as above
    $stream = [System.IO.File]::Open($place, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]::ReadWrite)
    # surface: allow language-mode - as above
    try { $hash = [string] [System.BitConverter]::ToString($algorithm.ComputeHash($stream)) }
    finally {
        # surface: allow language-mode - as above
        $stream.Dispose()
        # surface: allow language-mode - as above
        $algorithm.Dispose()
    }
    return ($hash -replace '-', '').ToLowerInvariant()
}

function Get-RemediateManifest {
    # All files below a folder with their SHA-256, and what leads elsewhere.
    param([string] $Path)
    $tree = Get-RemediateTree -Path $Path
    $files = @(foreach ($file in $tree['files']) {
            Assert-RemediateTime
            [ordered]@{ path = $file['path']; size = $file['size']; sha256 = Get-RemediateHash -Path ($Path + '\' + $file['path']) }
        })
    return @{ files = $files; links = $tree['links'] }
}

function Get-RemediateKept {
    # Names of the folders of ours beside a folder, and whether each still has its marker.
    param([string] $Path)
    $parent = Split-Path -Path $Path -Parent
    if (-not (Test-Path -LiteralPath $parent)) { return }
    $name = Split-Path -Path $Path -Leaf
    foreach ($item in @(Get-ChildItem -LiteralPath $parent -Force)) {
        $ours = $item.Name -match '\.remediate-([0-9a-f]{16})(-[0-9])?$' -and $item.Name -like ($name + '.remediate-*')
        if ($ours -and $item.PSIsContainer -and -not (Test-RemediateLink -Item $item)) {
            $place = $parent + '\' + $item.Name
            @{ name = [string] $item.Name; path = $place; digest = $Matches[1]; marked = Test-Path -LiteralPath ($place + '\' + $script:RemediateMarker) }
        }
    }
}
