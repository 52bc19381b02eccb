# Pieces of files, out of a folder on a host that is copied from.

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
