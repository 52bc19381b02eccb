# The end of a file that somebody may be writing.

function Get-RemediateFileTail {
    # How long a file is, where its end begins, and that as bytes; at an even byte, as a character of UTF-16 has two.
    param([string] $Path, [int] $Most)
    $place = (Resolve-Path -LiteralPath $Path).ProviderPath
    # surface: allow language-mode - where the folder is stands in the registry, and reading that needs FullLanguage already
    $stream = [System.IO.File]::Open($place, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]'ReadWrite, Delete')
    try {
        $size = [int64] $stream.Length
        $start = $size - $Most
        if ($start -lt 0) { $start = 0 }
        $start = $start - $start % 2
        # surface: allow language-mode - as above
        $null = $stream.Seek($start, [System.IO.SeekOrigin]::Begin)
        $bytes = New-Object -TypeName byte[] -ArgumentList ($Most + 2)
        $count = 0
        do {
            # surface: allow language-mode - as above
            $read = $stream.Read($bytes, $count, $bytes.Length - $count)
            $count += $read
        } while ($read -gt 0 -and $count -lt $bytes.Length)
        # surface: allow language-mode - as above
        $tail = [System.Convert]::ToBase64String($bytes, 0, $count)
        return @{ size = $size; start = $start; tail = $tail }
    }
    finally {
        # surface: allow language-mode - as above
        $stream.Dispose()
    }
}
