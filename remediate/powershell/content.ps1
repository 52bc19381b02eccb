# Folders as content: what is in one, reading from one, and filling a new one beside one that is in use.
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

function Format-RemediateManifest {
    # The files of a manifest as one text; two folders with the same content give the same.
    param($Files)
    $lines = @(foreach ($file in $Files) { '{0} {1} {2}' -f $file['sha256'], $file['size'], $file['path'] })
    return @($lines | Sort-Object -CaseSensitive) -join "`n"
}

function Test-RemediateContent {
    # Whether a folder holds exactly these files.
    param([string] $Path, $Files)
    $tree = Get-RemediateTree -Path $Path
    $sizes = @{}
    foreach ($file in $Files) { $sizes[$file['path']] = [int64] $file['size'] }
    if ($tree['links'].Count -gt 0 -or $tree['files'].Count -ne $sizes.Count) { return $false }
    foreach ($file in $tree['files']) {
        if ($sizes[$file['path']] -ne $file['size']) { return $false }
    }
    return (Format-RemediateManifest -Files (Get-RemediateManifest -Path $Path)['files']) -ceq (Format-RemediateManifest -Files $Files)
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

function Get-RemediateKeptName {
    # A name beside a folder for content with this digest that is not taken.
    param([string] $Path, [string] $Digest)
    $name = (Split-Path -Path $Path -Leaf) + '.remediate-' + $Digest
    foreach ($end in '', '-1', '-2', '-3', '-4', '-5', '-6', '-7', '-8', '-9') {
        if (-not (Test-Path -LiteralPath ((Split-Path -Path $Path -Parent) + '\' + $name + $end))) { return $name + $end }
    }
    Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'There are too many kept folders with the same content. Remove some.'
}

function Assert-RemediatePath {
    # Refuses what is no path below a folder. The controller has checked it too.
    param([string] $Path)
    $parts = $Path -split '\\'
    if ($Path -match '[\x00-\x1f"*/:<>?|]' -or @($parts | Where-Object -FilterScript { $_ -match '^ |[ .]$|^$' }).Count -gt 0) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'A path leads out of its folder.'
    }
}

function Get-RemediateFullPath {
    # A path as .NET takes it. The folder exists.
    param([string] $Folder, [string] $Path)
    return Join-Path -Path (Resolve-Path -LiteralPath $Folder).ProviderPath -ChildPath $Path
}

function Get-RemediateContent {
    # Pieces of files below a folder, each packed where that makes it smaller.
    [CmdletBinding()]
    param([string] $Path, [object[]] $Pieces)
    foreach ($piece in $Pieces) {
        Assert-RemediatePath -Path $piece['path']
        # surface: allow language-mode - reading a part of a file needs .NET; in other modes the call fails and says so
        $stream = [System.IO.File]::Open((Get-RemediateFullPath -Folder $Path -Path $piece['path']), [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]::ReadWrite)
        try {
            # surface: allow language-mode - as above
            $null = $stream.Seek($piece['offset'], [System.IO.SeekOrigin]::Begin)
            $bytes = New-Object -TypeName byte[] -ArgumentList $piece['length']
            $have = 0
            while ($have -lt $bytes.Length) {
                # surface: allow language-mode - as above
                $count = $stream.Read($bytes, $have, $bytes.Length - $have)
                if ($count -eq 0) { Stop-RemediateCall -ErrorId 'RemediateStale' -Message 'A file of the source has become shorter.' }
                $have += $count
            }
        }
        # surface: allow language-mode - as above
        finally { $stream.Dispose() }
        Compress-RemediateBytes -Bytes $bytes
    }
}

function Compress-RemediateBytes {
    # Bytes as text, packed where that makes it shorter.
    param([byte[]] $Bytes)
    # surface: allow language-mode - only reached in FullLanguage
    $buffer = New-Object -TypeName System.IO.MemoryStream
    # surface: allow language-mode - as above
    $gzip = New-Object -TypeName System.IO.Compression.GZipStream -ArgumentList $buffer, ([System.IO.Compression.CompressionMode]::Compress)
    # surface: allow language-mode - as above
    $gzip.Write($Bytes, 0, $Bytes.Length)
    # surface: allow language-mode - as above
    $gzip.Dispose()
    # surface: allow language-mode - as above
    $packed = $buffer.ToArray()
    # surface: allow language-mode - as above
    if ($packed.Length -lt $Bytes.Length) { return @{ gzip = $true; data = [System.Convert]::ToBase64String($packed) } }
    # surface: allow language-mode - as above
    return @{ gzip = $false; data = [System.Convert]::ToBase64String($Bytes) }
}

function Expand-RemediateBytes {
    # What Compress-RemediateBytes or the controller packed, never more than is expected.
    param([string] $Data, [bool] $Gzip, [int] $Length)
    # surface: allow language-mode - only reached in FullLanguage
    $bytes = [System.Convert]::FromBase64String($Data)
    if (-not $Gzip) { return , $bytes }
    # surface: allow language-mode - as above
    $buffer = New-Object -TypeName System.IO.MemoryStream -ArgumentList (, $bytes)
    # surface: allow language-mode - as above
    $stream = New-Object -TypeName System.IO.Compression.GZipStream -ArgumentList $buffer, ([System.IO.Compression.CompressionMode]::Decompress)
    $whole = New-Object -TypeName byte[] -ArgumentList $Length
    $have = 0
    do {
        # surface: allow language-mode - as above
        $count = $stream.Read($whole, $have, $Length - $have)
        $have += $count
    } while ($count -gt 0)
    # surface: allow language-mode - as above
    $stream.Dispose()
    return , $whole
}

function Get-RemediateBytesHash {
    # SHA-256 of bytes, in small letters.
    param([byte[]] $Bytes)
    # surface: allow language-mode - only reached in FullLanguage
    $algorithm = [System.Security.Cryptography.SHA256]::Create()
    # surface: allow language-mode - as above
    $hash = [string] [System.BitConverter]::ToString($algorithm.ComputeHash($Bytes))
    # surface: allow language-mode - as above
    $algorithm.Dispose()
    return ($hash -replace '-', '').ToLowerInvariant()
}

function Rename-RemediateFolder {
    # Renames a folder. Windows refuses while any file in it is open, as a virus scanner has new ones, or a process that
    # has just ended its DLLs: for a moment, so this tries for 3 seconds.
    param([string] $Path, [string] $Name)
    $end = (Get-Date).AddSeconds(3)
    while ((Get-Date) -lt $end) {
        try {
            Rename-Item -LiteralPath $Path -NewName $Name
            return
        }
        catch [System.IO.IOException] { Start-Sleep -Milliseconds 500 }
    }
    Rename-Item -LiteralPath $Path -NewName $Name
}

function Remove-RemediateStage {
    # Removes a staging folder, unless something in it leads elsewhere.
    param([string] $Path)
    if ((Get-RemediateTree -Path $Path)['links'].Count -eq 0) { Remove-Item -LiteralPath $Path -Recurse -Force }
}

function Start-RemediateStage {
    # Makes or finds the staging folder for these files, takes into it what the host has already, and says what is missing.
    # Staging folders for other content that nobody has touched for so many seconds are removed.
    [CmdletBinding()]
    param([string] $Path, [string] $Digest, [object[]] $Files, [int] $Stale)
    if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
        Stop-RemediateCall -ErrorId 'RemediateConstrained' -Message 'Changing this host needs PowerShell in FullLanguage mode.'
    }
    $parent = Split-Path -Path $Path -Parent
    if (-not (Test-Path -LiteralPath $parent)) { $null = New-Item -Path $parent -ItemType Directory -Force }
    foreach ($file in $Files) { Assert-RemediatePath -Path $file['path'] }
    $stage = $null
    $others = @()
    if (Test-Path -LiteralPath $Path) { $others += $Path }
    foreach ($kept in @(Get-RemediateKept -Path $Path)) {
        if ($kept['digest'] -eq $Digest -and -not $kept['marked'] -and (Test-RemediateContent -Path $kept['path'] -Files $Files)) {
            return @{ folder = $kept['name']; missing = @() }
        }
        if ($kept['digest'] -eq $Digest -and $kept['marked']) { $stage = $kept['path'] }
        elseif (-not $kept['marked']) { $others += $kept['path'] }
        else {
            $touched = (Get-Item -LiteralPath ($kept['path'] + '\' + $script:RemediateMarker) -Force).LastWriteTimeUtc
            if (((Get-Date).ToUniversalTime() - $touched).TotalSeconds -ge $Stale) { Remove-RemediateStage -Path $kept['path'] }
        }
    }
    if ($null -eq $stage) {
        $stage = $parent + '\' + (Get-RemediateKeptName -Path $Path -Digest $Digest)
        $null = New-Item -Path $stage -ItemType Directory
    }
    elseif ((Get-RemediateTree -Path $stage)['links'].Count -gt 0) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'In the staging folder something leads elsewhere.'
    }
    Set-RemediateMarker -Stage $stage
    $missing = @(foreach ($file in $Files) { Find-RemediateFile -File $file -Stage $stage -Others $others })
    return @{ folder = Split-Path -Path $stage -Leaf; missing = $missing }
}

function Set-RemediateMarker {
    # Marks a folder as ours to fill or to remove, now.
    param([string] $Stage)
    Set-Content -LiteralPath ($Stage + '\' + $script:RemediateMarker) -Value 'Being filled by remediate; may be deleted.' -Encoding UTF8
}

function Find-RemediateFile {
    # Has a file in the staging folder, out of another folder of the host if need be; else says how much of it is there.
    param([hashtable] $File, [string] $Stage, [string[]] $Others)
    $place = $Stage + '\' + $File['path']
    foreach ($folder in @($Stage) + $Others) {
        $there = $folder + '\' + $File['path']
        if (-not (Test-Path -LiteralPath $there -PathType Leaf)) { continue }
        $item = Get-Item -LiteralPath $there -Force
        if ((Test-RemediateLink -Item $item) -or $item.Length -ne $File['size']) { continue }
        if ((Get-RemediateHash -Path $there) -cne $File['sha256']) { continue }
        if ($folder -eq $Stage) { return }
        $null = New-Item -Path (Split-Path -Path $place -Parent) -ItemType Directory -Force
        Copy-Item -LiteralPath $there -Destination $place -Force
        if ((Get-RemediateHash -Path $place) -ceq $File['sha256']) { return }
    }
    if (Test-Path -LiteralPath $place) { Remove-Item -LiteralPath $place -Force }
    $null = New-Item -Path (Split-Path -Path $place -Parent) -ItemType Directory -Force
    $have = [int64] 0
    $part = $place + '.part'
    if (Test-Path -LiteralPath $part) {
        $have = [int64] (Get-Item -LiteralPath $part -Force).Length
        if ($have -gt $File['size']) {
            Remove-Item -LiteralPath $part -Force
            $have = [int64] 0
        }
    }
    return @{ path = $File['path']; have = $have }
}

function Add-RemediateContent {
    # Appends pieces to files of a staging folder; a file gets its name when all of it is there and its SHA-256 is right.
    [CmdletBinding()]
    param([string] $Path, [string] $Folder, [object[]] $Pieces)
    $kept = @(Get-RemediateKept -Path $Path | Where-Object -FilterScript { $_['name'] -ceq $Folder -and $_['marked'] })
    if ($kept.Count -ne 1) { Stop-RemediateCall -ErrorId 'RemediateMissing' -Message 'The staging folder is no longer there.' }
    $stage = [string] $kept[0]['path']
    Set-RemediateMarker -Stage $stage
    foreach ($piece in $Pieces) { Add-RemediatePiece -Stage $stage -Piece $piece }
}

function Add-RemediatePiece {
    # Appends one piece, if it is whole and the file ends where it begins.
    param([string] $Stage, [hashtable] $Piece)
    Assert-RemediatePath -Path $Piece['path']
    $bytes = Expand-RemediateBytes -Data $Piece['data'] -Gzip $Piece['gzip'] -Length $Piece['length']
    if ((Get-RemediateBytesHash -Bytes $bytes) -cne $Piece['sha256']) {
        Stop-RemediateCall -ErrorId 'RemediateDamaged' -Message 'A part of a file was damaged on its way.' -Detail @{ path = $Piece['path'] }
    }
    $part = $Stage + '\' + $Piece['path'] + '.part'
    # surface: allow language-mode - Start-RemediateStage refuses to go on without FullLanguage
    $stream = [System.IO.File]::Open((Get-RemediateFullPath -Folder $Stage -Path ($Piece['path'] + '.part')), [System.IO.FileMode]::OpenOrCreate, [System.IO.FileAccess]::Write, [System.IO.FileShare]::None)
    try {
        if ($stream.Length -ne $Piece['offset']) {
            Stop-RemediateCall -ErrorId 'RemediateStale' -Message 'A file in the staging folder is not as long as it was.' -Detail @{ path = $Piece['path'] }
        }
        # surface: allow language-mode - as above
        $null = $stream.Seek(0, [System.IO.SeekOrigin]::End)
        # surface: allow language-mode - as above
        $stream.Write($bytes, 0, $bytes.Length)
    }
    # surface: allow language-mode - as above
    finally { $stream.Dispose() }
    if (-not $Piece['last']) { return }
    if ((Get-RemediateHash -Path $part) -cne $Piece['whole']) {
        Remove-Item -LiteralPath $part -Force
        Stop-RemediateCall -ErrorId 'RemediateDamaged' -Message 'A file is not what the source has; it will be sent again.' -Detail @{ path = $Piece['path'] }
    }
    Rename-Item -LiteralPath $part -NewName (Split-Path -Path $Piece['path'] -Leaf)
}
