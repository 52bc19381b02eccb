# Versions of files on the host's disk, as FileVersionInfo has them. A host whose disk hangs never gives one.

Set-StrictMode -Version Latest
Import-Module -Name "$PSScriptRoot/../support/state.psm1"

function Get-LabVersion {
    # The version of a file, by its full path below the folder that is C: here.
    param([string] $Path)
    $state = Get-LabState
    if ($state['hangs'].Contains('agent_module')) { [System.Threading.Thread]::Sleep([System.Threading.Timeout]::Infinite) }
    $text = $null
    foreach ($known in $state['file_versions'].Keys) {
        if ($Path.EndsWith($known.Substring(2).Replace('\', '/'), 'OrdinalIgnoreCase')) { $text = $state['file_versions'][$known] }
    }
    $version = [version] $(if ($text) { $text } else { '0.0.0.0' })
    return [pscustomobject]@{
        FileVersion     = $text
        FileMajorPart   = $version.Major
        FileMinorPart   = $version.Minor
        FileBuildPart   = $version.Build
        FilePrivatePart = $version.Revision
    }
}

Export-ModuleMember -Function 'Get-LabVersion'
