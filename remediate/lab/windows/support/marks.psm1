# What files and folders are marked as, beside what the disk of this machine knows: `marks` in the host's state, by path.

Set-StrictMode -Version Latest
Import-Module -Name "$PSScriptRoot/state.psm1"

$script:Numbers = @{ Sparse = 0x200; Compressed = 0x800; Encrypted = 0x4000 }

function Get-LabMark {
    # The marks of a file or folder, by its full path below the folders that are drives here, as a number.
    param([string] $Path)
    $state = Get-LabState
    $marks = $state['marks']
    $number = 0
    if ($null -eq $marks) { return $number }
    foreach ($known in $marks.Keys) {
        if (-not $Path.EndsWith('/' + $known.Remove(1, 1).Replace('\', '/'), 'OrdinalIgnoreCase')) { continue }
        if ($state['denied']['folder_marks'] -eq 'read') { throw [System.UnauthorizedAccessException]::new('Access is denied.') }
        foreach ($mark in $marks[$known]) { $number = $number -bor $script:Numbers[$mark] }
    }
    return $number
}

function Set-LabMark {
    # Marks a folder of a state that is being changed, or no longer. What is in it stays as it is, on a kind Windows.
    param([System.Collections.IDictionary] $State, [string] $Path, [string] $Mark, [bool] $Wanted)
    if ($null -eq $State['marks']) { $State['marks'] = [ordered]@{} }
    $marks = $State['marks']
    $edits = @{}
    foreach ($edit in (Get-LabEdit -Kind 'folder_marks')) { $edits[$edit[0]] = $edit[1] }
    $own = @($marks.Keys | Where-Object -FilterScript { $_ -ieq $Path } | Select-Object -First 1)
    $own = if ($own.Count) { $own[0] } else { $Path }
    $places = @($own)
    if ($edits.ContainsKey('too') -and -not $Wanted) { $places += @($marks.Keys | Where-Object -FilterScript { $_.StartsWith($Path + '\', 'OrdinalIgnoreCase') -and (Test-Path -LiteralPath $_ -PathType Leaf) }) }
    foreach ($place in $places) {
        $kept = [System.Collections.Generic.List[object]]::new()
        foreach ($one in $marks[$place]) { if ($one -ne $Mark) { $kept.Add($one) } }
        if ($Wanted) { $kept.Add($Mark) }
        $marks[$place] = $kept
    }
    if ($edits.ContainsKey('becomes') -and $Mark -ne $edits['becomes'] -and $marks[$own] -notcontains $edits['becomes']) { $marks[$own].Add($edits['becomes']) }
}

function Invoke-LabMarking {
    # What compact.exe and cipher.exe do to one folder; the exit code.
    param([object[]] $Words, [string] $Mark, [string] $Set, [string] $Take)
    $options = @($Words | Where-Object -FilterScript { $_ -match '^/' })
    $paths = @($Words | Where-Object -FilterScript { $_ -notmatch '^/' })
    $known = @($options | Where-Object -FilterScript { $_ -in $Set, $Take }).Count -eq 1 -and $paths.Count -eq 1
    if (-not $known -or @($options | Where-Object -FilterScript { $_ -notin $Set, $Take, '/Q' }).Count) { throw [System.NotImplementedException]::new("The stand-in does not take $Words.") }
    if (-not (Test-Path -LiteralPath $paths[0] -PathType Container) -or (Test-LabDenied -Kind 'folder_marks' -Access 'write')) { return 1 }
    Update-LabState -Action {
        param($State)
        Set-LabMark -State $State -Path $paths[0] -Mark $Mark -Wanted ($options -contains $Set)
    }
    return 0
}

Export-ModuleMember -Function 'Get-LabMark', 'Invoke-LabMarking'
