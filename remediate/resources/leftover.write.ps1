# Removes what a run has left. Needs leftover.read.ps1, and what that needs.

function Remove-RemediateFiles {
    # Removes the files right in a folder, but for one, as far as there is time.
    param([string] $Path, [string] $But)
    $count = 0
    Get-ChildItem -LiteralPath $Path -Force | ForEach-Object -Process {
        if ($_.Name -eq $But) { return }
        if ($count++ % 100 -eq 99 -and (Get-RemediateSecondsLeft) -le 2) { Stop-RemediateCall -ErrorId 'RemediateUnfinished' -Message 'Some of the files are still to be removed.' }
        if ($_.PSIsContainer) { Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'There is a folder in it that is not ours.' }
        Remove-Item -LiteralPath ($Path + '\' + $_.Name) -Force
    }
}

function Assert-RemediateNoLink {
    # Refuses a folder in which something leads elsewhere.
    param([string] $Path)
    foreach ($item in @(Get-ChildItem -LiteralPath $Path -Force -Recurse | Limit-RemediateList -Name 'files in a folder')) {
        if (([int] $item.Attributes -band 1024) -ne 0) { Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'In the folder something leads elsewhere.' }
    }
}

function Remove-RemediateScratch {
    # Removes, as far as there is time, a folder that the agent has worked in, while it works in another one that has its key file.
    param([string] $Path)
    # what is put there after it was looked at is no part of it: the folder stays then
    $items = @(Get-RemediateScratchItem -Folder $Path -Within '' | Limit-RemediateList -Name 'files in the scratch folder' -Most 200000)
    $hold = Get-RemediateScratchHold -Path $Path
    if ($hold) { Stop-RemediateCall -ErrorId 'RemediateRefused' -Message "$Path is not removed ($hold): the agent has to work in another folder, which has its key file, neither may be in the other or lead elsewhere, and there may be no files in it but those that the agent has left." }
    foreach ($one in $items) { if ($one['link']) { Stop-RemediateCall -ErrorId 'RemediateRefused' -Message "$($one['path']) in $Path leads elsewhere." } }
    $removing = $Path + '\' + $script:RemediateRemoving
    $before = ''
    if (Test-Path -LiteralPath $removing -PathType Leaf) { $before = ([string] (Get-Content -LiteralPath $removing -Raw -Encoding UTF8)).Trim() }
    $count = $before -replace '[^0-9][\s\S]*'
    if (-not $count) { $count = (Measure-RemediateFolder -Path $Path)['files'] }
    $mark = "$count $((Get-Date).Ticks)-$(Get-Random)"
    Save-RemediateFile -Path $removing -Lines $mark -Encoding Ascii
    # a folder has many names: one in which this very mark is seen, from where the agent works, is that folder
    $above = Get-RemediateScratchPlace
    while ($above -match '\\') {
        $seen = $above + '\' + $script:RemediateRemoving
        if ((Test-Path -LiteralPath $seen -PathType Leaf) -and ([string] (Get-Content -LiteralPath $seen -Raw -Encoding UTF8)).Trim() -eq $mark) {
            if ($before) { Save-RemediateFile -Path $removing -Lines $before -Encoding Ascii }
            else { Remove-Item -LiteralPath $removing -Force }
            Stop-RemediateCall -ErrorId 'RemediateRefused' -Message "$Path is the folder that the agent works in, or one above it, by another name."
        }
        $above = $above -replace '\\[^\\]+\z', ''
    }
    $count = 0
    foreach ($one in $items) {
        if ($one['folder'] -or $one['path'] -in $script:RemediateRemoving, $script:RemediateScratchList) { continue }
        if ($count++ % 100 -eq 99 -and (Get-RemediateSecondsLeft) -le 2) { Stop-RemediateCall -ErrorId 'RemediateUnfinished' -Message 'Some of the files are still to be removed.' }
        Remove-Item -LiteralPath ($Path + '\' + $one['path']) -Force
    }
    $folders = @($items | Where-Object -FilterScript { $_['folder'] } | ForEach-Object -Process { $_['path'] })
    for ($number = $folders.Count - 1; $number -ge 0; $number--) { Remove-Item -LiteralPath ($Path + '\' + $folders[$number]) -Force }
    # the list and the marker go last, as above
    $list = $Path + '\' + $script:RemediateScratchList
    if (Test-Path -LiteralPath $list) { Remove-Item -LiteralPath $list -Force }
    Remove-Item -LiteralPath $removing -Force
    Remove-Item -LiteralPath $Path -Force
}

function Set-RemediateLeftover {
    # Removes what was found where only runs leave something; it cannot be put back.
    param($Current, [hashtable] $After)
    if ($After['present']) { Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'What was removed cannot be put back.' }
    $path = Get-RemediateLeftoverPlace -Path $Current['path']
    if ($Current['sort'] -eq 'moved-files') {
        # the marker goes last: a folder without it is nobody's of ours
        Remove-RemediateFiles -Path $path -But 'remediate.moved'
    }
    elseif ($Current['sort'] -in 'old-scratch', 'kept-scratch') {
        Remove-RemediateScratch -Path $path
        return
    }
    elseif ($Current['sort'] -eq 'begun-scratch' -and @(Get-ChildItem -LiteralPath $path -Force | Where-Object -FilterScript { $_.Name -ne $script:RemediateScratchMarker } | Select-Object -First 1).Count -gt 0) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message "There is something in $path that is not ours."
    }
    elseif ($Current['sort'] -ne 'receipt') { Assert-RemediateNoLink -Path $path }
    Remove-Item -LiteralPath $path -Recurse -Force
}
