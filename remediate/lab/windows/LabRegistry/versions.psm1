# Versions of files on the host's disk, as FileVersionInfo has them, and when they were written and made, where the state says that.
# A host whose disk hangs never gives one.

Set-StrictMode -Version Latest
Import-Module -Name "$PSScriptRoot/../support/state.psm1"

function Find-LabFact {
    # What a section of the state says of a file, by its full path below the folders that are drives here.
    param([System.Collections.IDictionary] $State, [string] $Section, [string] $Path)
    if ($null -eq $State[$Section]) { return }
    foreach ($known in $State[$Section].Keys) {
        if ($Path.EndsWith('/' + $known.Remove(1, 1).Replace('\', '/'), 'OrdinalIgnoreCase')) { return $State[$Section][$known] }
    }
}

function Get-LabTime {
    # When a file was written, or made, or nothing where the state does not say it.
    param([string] $Path, [string] $Section)
    $state = Get-LabState
    if ($state['denied']['file'] -eq 'read') { throw [System.UnauthorizedAccessException]::new('Access is denied.') }
    $text = Find-LabFact -State $state -Section $Section -Path $Path
    if ($text) { return ([datetimeoffset] $text).UtcDateTime }
}

function Get-LabVersion {
    # The version of a file, by its full path below the folders that are drives here.
    param([string] $Path)
    $state = Get-LabState
    if ($state['hangs'].Contains('agent_module')) {
        $late = $state['hangs']['agent_module'] -eq 'late'
        [System.Threading.Thread]::Sleep($(if ($late) { 1000 } else { [System.Threading.Timeout]::Infinite }))
    }
    $text = [string] (Find-LabFact -State $state -Section 'file_versions' -Path $Path)
    $version = [version] $(if ($text) { $text } else { '0.0.0.0' })
    return [pscustomobject]@{
        FileVersion     = if ($text) { $text } else { $null }
        FileMajorPart   = $version.Major
        FileMinorPart   = $version.Minor
        FileBuildPart   = $version.Build
        FilePrivatePart = $version.Revision
    }
}

Export-ModuleMember -Function 'Get-LabTime', 'Get-LabVersion'
