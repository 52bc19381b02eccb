# Fills a folder beside one that is in use. Needs folder.read.ps1, folder.write.ps1 and content.read.ps1.

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
    Rename-RemediateItem -Path $part -Name (Split-Path -Path $Piece['path'] -Leaf)
}
