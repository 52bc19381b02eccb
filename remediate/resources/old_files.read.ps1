# Old .tmp files of Windows\Temp, by sets: those that were made and last written before a day. Those of a set that were moved
# are in a folder beside it, in which a file says how far that is. The names of the files are kept and sent nowhere.
# Needs registry_value.read.ps1.

function Get-RemediateOldSet {
    # Where the files of one day are, and are moved to.
    param([string] $Day)
    $folder = [string] $env:SystemRoot + '\Temp'
    $aside = $folder + '.remediate-' + $Day
    return @{ folder = $folder; day = $Day; before = [datetime] $Day; aside = $aside; marker = $aside + '\remediate.moved'; old = 0; size = [int64] 0 }
}

function Get-RemediateAwaitedName {
    # The names of files that Windows is to move, replace or delete at its next start, whatever their folders: a path may be written
    # with the short names of these.
    $names = @{}
    foreach ($value in 'PendingFileRenameOperations', 'PendingFileRenameOperations2') {
        $held = Get-RemediateRegistryData -Key 'HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager' -Name $value
        if ($null -eq $held) { continue }
        foreach ($path in @($held['data'] | Limit-RemediateList -Name 'files that the next start of Windows is to move' -Most 100000)) {
            $names[(([string] $path) -split '\\')[-1]] = $true
        }
    }
    return $names
}

function Select-RemediateOldFile {
    # Those files that are of a set: no links, and none that the next start of Windows needs. The filter of Windows also finds names
    # whose short forms fit. With 100,000 of them each call of a function counts: this is one.
    param([hashtable] $Set)
    begin {
        $before = $Set['before']
        $awaited = Get-RemediateAwaitedName
    }
    process {
        if ($_.LastWriteTimeUtc -lt $before -and $_.CreationTimeUtc -lt $before -and $_.Extension -eq '.tmp' -and ([int] $_.Attributes -band 1024) -eq 0 -and -not $awaited[$_.Name]) { $_ }
    }
}

function Measure-RemediateTempFile {
    # How many files there are, links not counted; and how many of them each set has, and of what size.
    param([hashtable[]] $Sets)
    begin {
        $all = 0
        $total = 0
        $awaited = Get-RemediateAwaitedName
    }
    process {
        if ($all++ % 100 -eq 0) { Assert-RemediateTime }
        if ($_.Extension -eq '.tmp' -and ([int] $_.Attributes -band 1024) -eq 0) {
            $total++
            $written = $_.LastWriteTimeUtc
            $made = $_.CreationTimeUtc
            if ($awaited[$_.Name]) { return }
            foreach ($set in $Sets) {
                if ($written -lt $set['before'] -and $made -lt $set['before']) {
                    $set['old']++
                    $set['size'] += $_.Length
                }
            }
        }
    }
    end { $total }
}

function Read-RemediateMoved {
    # What a set's folder says of itself: its state, and how many files were moved; nothing when it says nothing.
    param([hashtable] $Set)
    if (-not (Test-Path -LiteralPath $Set['marker'] -PathType Leaf)) { return }
    try {
        $said = ConvertFrom-Json -InputObject ([string] (Get-Content -LiteralPath $Set['marker'] -Raw -Encoding UTF8))
        return @{ state = [string] $said.state; moved = [int] $said.moved }
    }
    catch { return @{ state = 'moving'; moved = 0 } }  # cut off
}

function Find-RemediateOldFiles {
    # The set with an identity, if that is about this computer's own folder.
    param([hashtable] $Identity)
    if ([string] $Identity['day'] -notmatch '^[0-9]{4}-[0-9]{2}-[0-9]{2}\z') { return }
    $set = Get-RemediateOldSet -Day $Identity['day']
    if ($set['folder'] -ne $Identity['folder'] -or -not (Test-RemediateOwnFolder -Path $set['folder'])) { return }
    return $set
}

function Test-RemediateOwnFolder {
    # Whether there is a folder, which does not lead elsewhere.
    param([string] $Path)
    if (-not (Test-Path -LiteralPath $Path -PathType Container)) { return $false }
    return ([int] (Get-Item -LiteralPath $Path -Force).Attributes -band 1024) -eq 0
}

function Read-RemediateOldFiles {
    # Where the files of a set are. Where its folder does not say so, one file that is there is enough.
    param($Current)
    $said = Read-RemediateMoved -Set $Current
    if ($null -ne $said) { return @{ place = $said['state'] } }
    $one = @(Get-ChildItem -LiteralPath $Current['folder'] -Filter '*.tmp' -File -Force | Select-RemediateOldFile -Set $Current | Select-Object -First 1)
    if ($one.Count -gt 0) { return @{ place = 'there' } }
    return @{ place = 'none' }
}

function Get-RemediateOldFiles {
    # The set of one day; or that of so many days ago, and each that has a folder.
    param([string] $Day, [int] $Days)
    $current = $Day
    # 's' is the same in all languages and calendars
    if (-not $Day) { $current = (Get-Date).ToUniversalTime().AddDays(-$Days).ToString('s').Substring(0, 10) }
    $sets = [ordered]@{ $current = Get-RemediateOldSet -Day $current }
    $folder = $sets[$current]['folder']
    if (-not (Test-RemediateOwnFolder -Path $folder)) { return }
    if (-not $Day) {
        foreach ($item in @(Get-ChildItem -LiteralPath $env:SystemRoot -Filter 'Temp.remediate-*' -Directory -Force | Limit-RemediateList -Name 'folders of files that were moved' -Most 100)) {
            if ($item.Name -match '^Temp\.remediate-([0-9]{4}-[0-9]{2}-[0-9]{2})\z' -and $Matches[1] -ne $current) {
                $set = Get-RemediateOldSet -Day $Matches[1]
                if ($null -ne (Read-RemediateMoved -Set $set)) { $sets[$set['day']] = $set }
            }
        }
    }
    $total = Get-ChildItem -LiteralPath $folder -Filter '*.tmp' -File -Force | Measure-RemediateTempFile -Sets @($sets.Values)
    foreach ($set in $sets.Values) {
        $said = Read-RemediateMoved -Set $set
        $result = [ordered]@{
            folder = $folder; day = $set['day']; place = 'none'; skipped = 0; kept = 0; current = $set['day'] -eq $current
            total = $total; old = $set['old']; size = $set['size']; aside = 0; moved = 0
        }
        if ($set['old'] -gt 0) { $result['place'] = 'there' }
        if ($null -ne $said) {
            $result['place'] = $said['state']
            $result['aside'] = Measure-RemediateAside -Set $set
            if ($said['state'] -eq 'aside') {
                $result['moved'] = $said['moved']
                $result['skipped'] = $set['old']
            }
            if ($said['state'] -eq 'there') { $result['kept'] = $result['aside'] }
        }
        $result
    }
}

function Measure-RemediateAside {
    # How many files of a set are aside.
    param([hashtable] $Set)
    return (Get-ChildItem -LiteralPath $Set['aside'] -Filter '*.tmp' -Name -Force | Measure-Object).Count
}
