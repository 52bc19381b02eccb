# Moves old files aside and back, as many at a time as there is time for. Needs old_files.read.ps1.
# Both folders are on one volume: a file that is moved gets another name, and nothing is copied.

function Set-RemediateOldFiles {
    # Moves the files of a set to where they are to be; those that are in use, or whose name is taken there, stay.
    param($Current, [hashtable] $Before, [hashtable] $After)
    $back = $After['place'] -eq 'there'
    if (-not $back -and $After['place'] -ne 'aside') { Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'Files can be moved aside or back only.' }
    # half of its time, as others need some, too
    $end = (Get-Date).AddSeconds((Get-RemediateSecondsLeft) / 2)
    if ($back) { Set-RemediateMoved -Set $Current -State 'returning' }
    else { New-RemediateAside -Set $Current }
    $work = @{ from = $Current['folder']; to = $Current['aside']; moved = 0; denied = $null }
    if ($back) { $work['from'], $work['to'] = $work['to'], $work['from'] }
    $work['to'] = (Resolve-Path -LiteralPath $work['to']).ProviderPath + [System.IO.Path]::DirectorySeparatorChar
    do {
        # until none is left that can be moved: what is enumerated changes by that
        $so_far = $work['moved']
        if ($back) { Get-ChildItem -LiteralPath $work['from'] -Filter '*.tmp' -File -Force | Move-RemediateOldFile -Work $work -End $end }
        else { Get-ChildItem -LiteralPath $work['from'] -Filter '*.tmp' -File -Force | Select-RemediateOldFile -Set $Current | Move-RemediateOldFile -Work $work -End $end }
    } while ($work['moved'] -gt $so_far)
    if ($work['moved'] -eq 0 -and $null -ne $work['denied'] -and $Before['place'] -in 'there', 'aside') {
        if ($back) { Set-RemediateMoved -Set $Current -State 'aside' }
        else { Remove-RemediateAside -Set $Current }
        throw $work['denied']
    }
    if (-not $back) {
        Set-RemediateMoved -Set $Current -State 'aside' -Moved (Measure-RemediateAside -Set $Current)
        return
    }
    Set-RemediateMoved -Set $Current -State 'there'
    Remove-RemediateAside -Set $Current
}

function Move-RemediateOldFile {
    # Gives files their other names, until the time is up; but for those that somebody has open: who lets others rename one
    # would go on with one that is elsewhere.
    param([hashtable] $Work, [datetime] $End)
    begin { $found = 0 }
    process {
        $found++
        if ($found % 50 -eq 0 -and (Get-Date) -gt $End) { Stop-RemediateCall -ErrorId 'RemediateUnfinished' -Message 'Some files are left.' }
        try {
            # surface: allow language-mode - the lease is taken in FullLanguage only
            $stream = [System.IO.File]::Open($_.FullName, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]::None)
            # surface: allow language-mode - as above
            $stream.Dispose()
            # surface: allow language-mode - as above
            [System.IO.File]::Move($_.FullName, $Work['to'] + $_.Name)
            $Work['moved']++
        }
        catch [System.IO.IOException] { return }
        catch [System.UnauthorizedAccessException] { $Work['denied'] = $_ }
    }
}

function New-RemediateAside {
    # The folder that files are moved to, which says of itself what it is. One that does not is somebody's, unless it is empty.
    param([hashtable] $Set)
    if (-not (Test-Path -LiteralPath $Set['aside'])) { $null = New-Item -Path $Set['aside'] -ItemType Directory }
    $ours = Test-RemediateOwnFolder -Path $Set['aside']
    if (-not $ours -or ($null -eq (Read-RemediateMoved -Set $Set) -and @(Get-ChildItem -LiteralPath $Set['aside'] -Force | Select-Object -First 1).Count -gt 0)) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message "$($Set['aside']) is not a folder of ours."
    }
    Set-RemediateMoved -Set $Set -State 'moving'
}

function Set-RemediateMoved {
    # Lets the folder say how far its files are.
    param([hashtable] $Set, [string] $State, [int] $Moved)
    Save-RemediateFile -Path $Set['marker'] -Lines (ConvertTo-Json -InputObject ([ordered]@{ state = $State; moved = $Moved }) -Compress)
}

function Remove-RemediateAside {
    # Takes the folder away, when there is nothing in it but what it says of itself.
    param([hashtable] $Set)
    if (@(Get-ChildItem -LiteralPath $Set['aside'] -Force | Select-Object -First 2).Count -gt 1) { return }
    Remove-Item -LiteralPath $Set['marker'] -Force
    Remove-Item -LiteralPath $Set['aside'] -Force
}
