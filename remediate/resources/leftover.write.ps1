# Removes what a run has left.

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

function Set-RemediateLeftover {
    # Removes what was found where only runs leave something; it cannot be put back.
    param($Current, [hashtable] $After)
    if ($After['present']) { Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'What was removed cannot be put back.' }
    $path = Get-RemediateLeftoverPlace -Path $Current['path']
    if ($Current['sort'] -eq 'moved-files') {
        # the marker goes last: a folder without it is nobody's of ours
        Remove-RemediateFiles -Path $path -But 'remediate.moved'
    }
    elseif ($Current['sort'] -ne 'receipt') { Assert-RemediateNoLink -Path $path }
    Remove-Item -LiteralPath $path -Recurse -Force
}
