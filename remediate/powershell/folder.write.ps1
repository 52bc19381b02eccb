# What a folder of ours is compared with and renamed to. Needs file.write.ps1 and folder.read.ps1.

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

function Get-RemediateKeptName {
    # A name beside a folder for content with this digest that is not taken.
    param([string] $Path, [string] $Digest)
    $name = (Split-Path -Path $Path -Leaf) + '.remediate-' + $Digest
    foreach ($end in '', '-1', '-2', '-3', '-4', '-5', '-6', '-7', '-8', '-9') {
        if (-not (Test-Path -LiteralPath ((Split-Path -Path $Path -Parent) + '\' + $name + $end))) { return $name + $end }
    }
    Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'There are too many kept folders with the same content. Remove some.'
}

function Set-RemediateMarker {
    # Marks a folder as ours to fill or to remove, now.
    param([string] $Stage)
    Save-RemediateFile -Path ($Stage + '\' + $script:RemediateMarker) -Lines 'Being filled by remediate; may be deleted.'
}
