# The agent's scratch folder, and the folder that it is moved to, in which a file says where it came from. Names of files are
# sent nowhere, but for some of those that lead elsewhere. Needs registry_value.read.ps1.

$script:RemediateScratchKeys = 'HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Azure Backup\Config', 'HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Azure Backup\Config\CloudBackupProvider'
$script:RemediateScratchMarker = 'remediate.scratch'    # names the old folder; from the first file on, until all is taken back
$script:RemediateScratchList = 'remediate.left'         # in a folder that the agent has left: the files that were in it then
$script:RemediateScratchOwn = $script:RemediateScratchMarker, $script:RemediateScratchList, 'remediate.stopped', 'remediate.kept', 'remediate.removing'
$script:RemediateScratchPart = '.remediate-part'        # ends the name of a file that is not whole yet

function Get-RemediateScratchText {
    # A folder on a drive that a registry value names, as one writes it: people double its backslashes. Empty when it names none.
    param($Held)
    if ($null -eq $Held -or $Held['data'] -isnot [string]) { return '' }
    $text = ($Held['data'] -replace '\\+', '\').TrimEnd('\')
    if ($text -match '^[A-Za-z]:\\[^"<>|\x00-\x1f]*\z') { return $text }  # what no path can have in it is no folder
    return ''
}

function Get-RemediateScratchMarker {
    # What the new folder says of itself; nothing when it says nothing.
    param([string] $Target)
    $path = $Target + '\' + $script:RemediateScratchMarker
    if (-not (Test-Path -LiteralPath $path -PathType Leaf)) { return }
    try {
        $said = ConvertFrom-Json -InputObject (Limit-RemediateText -Text ([string] (Get-Content -LiteralPath $path -Raw -Encoding UTF8)) -Name 'What the folder says of itself')
        $values = @(foreach ($value in $said.values) { @{ type = [string] $value.type; data = [string] $value.data } })
        if ($values.Count -ne 2) { return }
        return @{ folder = [string] $said.folder; values = $values }
    }
    catch { return }
}

function Find-RemediateScratchMove {
    # The move of a folder to another one, and where the agent works; nothing when that is not installed.
    param([hashtable] $Identity)
    if ($null -eq (Get-RemediateRegistryData -Key 'HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Azure Backup\Setup' -Name 'InstallPath')) { return }
    $held = @(foreach ($key in $script:RemediateScratchKeys) { Get-RemediateRegistryData -Key $key -Name 'ScratchLocation' })
    $texts = @(foreach ($one in $held) { Get-RemediateScratchText -Held $one })
    $target = [string] $Identity['target']
    $folder = [string] $Identity['folder']
    $marker = Get-RemediateScratchMarker -Target $target
    if (-not $folder) {
        $folder = $texts[0]
        if ($null -ne $marker -and @($texts | Where-Object -FilterScript { $_ -in $target, $marker['folder'] }).Count -gt 0) { $folder = $marker['folder'] }
    }
    $ours = $null -ne $marker -and $marker['folder'] -eq $folder
    $place = 'elsewhere'
    if ($texts[0] -eq $target -and $texts[1] -eq $target) {
        if ($ours -or $folder -eq $target) { $place = 'moved' }
    }
    elseif ($folder -and $texts[0] -eq $folder -and $texts[1] -eq $folder) {
        $place = 'there'
        if ($ours) { $place = 'copying' }
    }
    elseif ($ours -and $texts[0] -in $folder, $target -and $texts[1] -in $folder, $target) { $place = 'split' }
    if ($ours -and $place -ne 'elsewhere' -and (Test-Path -LiteralPath ($target + '\remediate.stopped'))) { $place = 'stopped' }
    return @{ folder = $folder; target = $target; downtime = [string] $Identity['downtime']; held = $held; texts = $texts; marker = $marker; ours = $ours; place = $place }
}

function Read-RemediateScratchMove {
    # What can be set of it, as it is now.
    param($Current)
    return @{ place = $Current['place'] }
}

function Test-RemediateScratchFolder {
    # Whether there is a folder.
    param([string] $Path)
    return $Path -ne '' -and (Test-Path -LiteralPath $Path -PathType Container)
}

function Test-RemediateScratchWhole {
    # Whether the agent could work in a folder that it has left: it has a key file, and no removal of it has begun.
    param([string] $Path)
    $key = $Path + '\OnlineBackup.KEK'
    if (-not $Path -or (Test-Path -LiteralPath ($Path + '\remediate.removing'))) { return $false }
    return (Test-Path -LiteralPath $key -PathType Leaf) -and (Get-Item -LiteralPath $key -Force).Length -gt 0
}

function Get-RemediateScratchItem {
    # What is in a folder and below, each with its path within it; what leads elsewhere is not followed.
    param([string] $Folder, [string] $Within)
    foreach ($item in @(Get-ChildItem -LiteralPath $Folder -Force | Limit-RemediateList -Name 'files in a folder' -Most 100000)) {
        $link = ([int] $item.Attributes -band 1024) -ne 0
        $own = $item.Name -like ('*' + $script:RemediateScratchPart) -or (-not $Within -and $script:RemediateScratchOwn -contains $item.Name)
        @{ path = $Within + $item.Name; item = $item; link = $link; folder = $item.PSIsContainer -and -not $link; own = $own }
        if ($item.PSIsContainer -and -not $link) { Get-RemediateScratchItem -Folder ($Folder + '\' + $item.Name) -Within ($Within + $item.Name + '\') }
    }
}

function Get-RemediateScratchFile {
    # The files of a folder by their paths within it, and those of what leads elsewhere. What is ours is left out.
    param([string] $Folder)
    $files = @{}
    $links = @()
    if (Test-RemediateScratchFolder -Path $Folder) {
        foreach ($one in @(Get-RemediateScratchItem -Folder $Folder -Within '' | Limit-RemediateList -Name 'files in the scratch folder' -Most 200000)) {
            if ($one['link']) { $links += $one['path'] }
            elseif (-not $one['folder'] -and -not $one['own']) { $files[$one['path']] = $one['item'] }
        }
    }
    return @{ files = $files; links = $links }
}

function Test-RemediateScratchSame {
    # Whether a copy is that of a file as it is now.
    param($Item, $Copy)
    return $null -ne $Copy -and $Copy.Length -eq $Item.Length -and $Copy.LastWriteTimeUtc -eq $Item.LastWriteTimeUtc
}

function Get-RemediateScratchContent {
    # What stands in place of the new folder.
    param([hashtable] $Move)
    $above = $Move['target']
    while ($above -match '\\') {
        if ((Test-Path -LiteralPath $above) -and ([int] (Get-Item -LiteralPath $above -Force).Attributes -band 1024) -ne 0) { return 'link' }
        $above = $above -replace '\\[^\\]+\z', ''
    }
    if ($Move['ours']) { return 'ours' }
    if (Test-Path -LiteralPath $Move['target']) { return 'foreign' }
    $parent = $Move['target'] -replace '[^\\]+\z', ''
    if (Test-Path -LiteralPath $parent -PathType Container) { return 'none' }
    return 'nowhere'
}

function Get-RemediateScratchMove {
    # The move to a folder, and how far it is.
    param([string] $Target, [string] $Downtime, [string] $Folder)
    $move = Find-RemediateScratchMove -Identity @{ target = $Target; downtime = $Downtime; folder = $Folder }
    if ($null -eq $move) { return }
    $old = Get-RemediateScratchFile -Folder $move['folder']
    $new = @{ files = @{} }
    if ($move['ours']) { $new = Get-RemediateScratchFile -Folder $Target }
    $total = [int64] 0
    $copied = [int64] 0
    foreach ($path in $old['files'].Keys) {
        $size = [int64] $old['files'][$path].Length
        $total += $size
        if (Test-RemediateScratchSame -Item $old['files'][$path] -Copy $new['files'][$path]) { $copied += $size }
    }
    $used = $false
    if ($move['place'] -eq 'moved') {
        foreach ($path in $new['files'].Keys) {
            # two seconds, as some disks tell times no better
            if ($null -eq $old['files'][$path] -or ($new['files'][$path].LastWriteTimeUtc - $old['files'][$path].LastWriteTimeUtc).TotalSeconds -gt 2) { $used = $true }
        }
    }
    $works = $move['folder']
    if ($move['texts'][0] -eq $Target) { $works = $Target }
    $key = $works + '\OnlineBackup.KEK'
    [ordered]@{
        folder   = $move['folder']
        target   = $Target
        downtime = $Downtime
        place    = $move['place']
        key      = $works -ne '' -and (Test-Path -LiteralPath $key -PathType Leaf) -and (Get-Item -LiteralPath $key -Force).Length -gt 0
        new      = Get-RemediateScratchContent -Move $move
        links    = @($old['links'] | Select-Object -First 20)
        files    = $old['files'].Count
        total    = [string] $total
        copied   = [string] $copied
        whole    = Test-RemediateScratchWhole -Path $move['folder']
        used     = $used
    }
}
