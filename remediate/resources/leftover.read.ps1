# What runs have left on this host, told by its place. Needs registry_value.read.ps1 and scratch_move.read.ps1.

$script:RemediateRemoving = 'remediate.removing'    # how many files there were in a folder that is being removed, and a word of its own

function Get-RemediateText {
    # A value out of JSON as text; PowerShell 7 has made dates of some.
    param($Value)
    if ($Value -is [datetime]) { return $Value.ToUniversalTime().ToString('s') + 'Z' }
    return [string] $Value
}

function Measure-RemediateFolder {
    # How many files are in a folder and below, and of what size. What leads elsewhere is not followed.
    param([string] $Path)
    $found = @{ files = 0; size = [int64] 0 }
    $todo = @($Path)
    while ($todo.Count -gt 0) {
        $next = @()
        foreach ($folder in $todo) {
            Get-ChildItem -LiteralPath $folder -Force | ForEach-Object -Process {
                if ($found['files'] % 100 -eq 0) { Assert-RemediateTime }
                if (([int] $_.Attributes -band 1024) -ne 0) { return }
                if ($_.PSIsContainer) { $next += $folder + '\' + $_.Name }
                elseif ($_.Name -notin 'remediate.moved', 'remediate.staging' -and $script:RemediateScratchOwn -notcontains $_.Name) {
                    $found['files']++
                    $found['size'] += $_.Length
                }
            }
        }
        $todo = $next
    }
    return $found
}

function ConvertTo-RemediateLeftover {
    # One of them; when it was written where that is known.
    param([string] $Path, [string] $Sort, [string] $Run, [object[]] $Beside, [hashtable] $Inside = @{ files = 0; size = [int64] 0 }, [int] $Moved, [string] $Hold, [string[]] $Changed, [string] $Written)
    $when = $null
    if ($Written) { $when = $Written }
    return [ordered]@{
        path    = $Path
        present = $true
        sort    = $Sort
        run     = $Run
        beside  = @($Beside)
        files   = $Inside['files']
        moved   = $Moved
        size    = $Inside['size']
        hold    = $Hold
        changed = @($Changed | Where-Object -FilterScript { $_ })
        written = $when
    }
}

function Get-RemediateReceipt {
    # What a receipt says; an empty table where it cannot be read.
    param([string] $Path)
    $said = @{ changes = @(); written = '' }
    try { $receipt = ConvertFrom-Json -InputObject ([string] (Get-Content -LiteralPath $Path -Raw -Encoding UTF8)) }
    catch { return $said }
    if ($null -eq $receipt) { return $said }
    $names = @($receipt.PSObject.Properties | ForEach-Object -Process { $_.Name })
    if ($names -contains 'changes') { $said['changes'] = @($receipt.changes) }
    if ($names -contains 'written') { $said['written'] = Get-RemediateText -Value $receipt.written }
    return $said
}

function Get-RemediateNamed {
    # What a receipt says that its run has written to; nothing where it does not say.
    param([hashtable] $Receipt)
    foreach ($change in @($Receipt['changes'] | Limit-RemediateList -Name 'changes of a run')) {
        if ($null -eq $change -or @($change.PSObject.Properties | ForEach-Object -Process { $_.Name }) -notcontains 'resource') { continue }
        $key = @{}
        foreach ($part in $change.resource.key.PSObject.Properties) { $key[$part.Name] = Get-RemediateText -Value $part.Value }
        @{ kind = [string] $change.resource.kind; key = $key }
    }
}

function Find-RemediateFolder {
    # The folders right in one whose names are of a form; none that leads elsewhere.
    param([string] $Parent, [string] $Form)
    if (-not (Test-Path -LiteralPath $Parent -PathType Container)) { return }
    foreach ($item in @(Get-ChildItem -LiteralPath $Parent -Force | Limit-RemediateList -Name 'files and folders')) {
        if ($item.PSIsContainer -and $item.Name -match $Form -and ([int] $item.Attributes -band 1024) -eq 0) { [string] $item.Name }
    }
}

function Get-RemediateLeftoverPlace {
    # Where one really is, by the path that it is told by.
    param([string] $Path)
    $form = '%ProgramFiles%'
    if (-not $Path.StartsWith($form + '\', 'Ordinal')) { return $Path }
    return [string] $env:ProgramFiles + $Path.Substring($form.Length)
}

function Get-RemediateScratchPlace {
    # The folder that the agent works in; empty where its two values name none, or two.
    $texts = @(foreach ($key in $script:RemediateScratchKeys) { Get-RemediateScratchText -Held (Get-RemediateRegistryData -Key $key -Name 'ScratchLocation') })
    if ($texts[0] -eq $texts[1]) { return $texts[0] }
    return ''
}

function Test-RemediateLeadsElsewhere {
    # Whether a folder, or one above it, is a link or has a volume mounted in it.
    param([string] $Path)
    while ($Path -match '\\') {
        if ((Test-Path -LiteralPath $Path) -and ([int] (Get-Item -LiteralPath $Path -Force).Attributes -band 1024) -ne 0) { return $true }
        $Path = $Path -replace '\\[^\\]+\z', ''
    }
    return $false
}

function Test-RemediateWithin {
    # Whether a path is a folder, or in it.
    param([string] $Path, [string] $Folder)
    return [string]::Concat($Path, '\').StartsWith($Folder + '\', 'OrdinalIgnoreCase')
}

function Get-RemediateScratchHold {
    # What speaks against removing a folder that the agent has worked in; empty where nothing does.
    param([string] $Path)
    $works = Get-RemediateScratchPlace
    if (-not $works) { return 'unclear' }
    if ($works -eq $Path) { return 'in-use' }
    if (Test-Path -LiteralPath ($works + '\remediate.stopped')) { return 'unfinished' }
    if ($Path -match '~' -or $works -match '~') { return 'short-name' }
    $system = @([string] $env:SystemRoot, ([string] $env:SystemDrive + '\Users'), [string] $env:ProgramFiles, [string] ${env:ProgramFiles(x86)}, [string] $env:ProgramData | Where-Object -FilterScript { $_ })
    $agent = ''
    $held = Get-RemediateRegistryData -Key 'HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Azure Backup\Setup' -Name 'InstallPath'
    if ($null -ne $held -and $held['data']) { $agent = ([string] $held['data']).TrimEnd('\') }
    foreach ($one in @($works) + $system + @($agent)) { if (Test-RemediateWithin -Path $one -Folder $Path) { return 'nested' } }
    if (Test-RemediateWithin -Path $Path -Folder $works) { return 'nested' }
    foreach ($one in $system) { if ((Test-RemediateWithin -Path $Path -Folder $one) -and $Path -ne ($agent + '\Scratch')) { return 'system' } }
    if ((Test-RemediateLeadsElsewhere -Path $works) -or (Test-RemediateLeadsElsewhere -Path $Path)) { return 'link' }
    $key = $works + '\OnlineBackup.KEK'
    if (-not (Test-Path -LiteralPath $key -PathType Leaf) -or (Get-Item -LiteralPath $key -Force).Length -eq 0) { return 'no-key' }
    if (@(Find-RemediateScratchChanged -Path $Path | Select-Object -First 1).Count -gt 0) {
        if (Test-Path -LiteralPath ($Path + '\' + $script:RemediateScratchList)) { return 'changed' }
        return 'unlisted'
    }
    return ''
}

function Find-RemediateScratchChanged {
    # Files in a folder that the agent has left that were not in it then, or are not as they were: somebody else's.
    param([string] $Path)
    $known = @{}
    $then = [datetime]::MinValue
    $list = $Path + '\' + $script:RemediateScratchList
    if (Test-Path -LiteralPath $list -PathType Leaf) {
        $then = (Get-Item -LiteralPath $list -Force).LastWriteTimeUtc
        foreach ($line in @(Get-Content -LiteralPath $list -Encoding UTF8 | Limit-RemediateList -Name 'files of a scratch folder' -Most 200000)) {
            $size, $name = $line -split '\|', 2
            $known[[string] $name] = $size
        }
    }
    $files = (Get-RemediateScratchFile -Folder $Path)['files']
    foreach ($name in @($files.Keys | Sort-Object)) {
        if ([string] $known[$name] -ne [string] $files[$name].Length -or $files[$name].LastWriteTimeUtc -gt $then) { $name }
    }
}

function Find-RemediateScratchLeft {
    # What moves of the scratch folder have left that receipts name, also where the agent works in it again.
    param([hashtable[]] $Moves)
    $told = @{}
    $places = @(
        foreach ($move in $Moves) { @{ path = [string] $move['folder']; sort = 'old-scratch'; part = 'folder' } }
        foreach ($move in $Moves) { if (Test-Path -LiteralPath ([string] $move['target'] + '\remediate.kept') -PathType Leaf) { @{ path = [string] $move['target']; sort = 'kept-scratch'; part = 'target' } } }
    )
    foreach ($place in $places) {
        $path = $place['path']
        if ($told[$path] -or $path -notmatch '^[A-Za-z]:(\\[^\\/:*?"<>|]*[^\\/:*?"<>|. ])+\z' -or -not (Test-Path -LiteralPath $path -PathType Container)) { continue }
        $told[$path] = $true
        $hold = Get-RemediateScratchHold -Path $path
        $inside = @{ files = 0; size = [int64] 0 }
        if ($hold -notin 'in-use', 'nested', 'link') { $inside = Measure-RemediateFolder -Path $path }
        $changed = @()
        if ($hold -eq 'changed') { $changed = @(Find-RemediateScratchChanged -Path $path | Select-Object -First 20) }
        $moved = 0
        $removing = $path + '\' + $script:RemediateRemoving
        if (Test-Path -LiteralPath $removing -PathType Leaf) { $moved = [int] ('0' + (([string] (Get-Content -LiteralPath $removing -Raw -Encoding UTF8)) -replace '[^0-9][\s\S]*')) }
        ConvertTo-RemediateLeftover -Path $path -Sort $place['sort'] -Beside @(@{ kind = 'scratch_move'; key = @{ $place['part'] = $path } }) -Inside $inside -Moved $moved -Hold $hold -Changed $changed
    }
}

function Find-RemediateScratchBegun {
    # What moves of the scratch folder have left that were cut off at their first step: in the folders where others have begun, in
    # that which the agent works in, and right on local volumes.
    param([hashtable[]] $Moves)
    $parents = @(
        foreach ($move in $Moves) { ([string] $move['target']) -replace '\\[^\\]+\z', '' }
        (Get-RemediateScratchPlace) -replace '\\[^\\]+\z', ''
        foreach ($volume in @(Get-CimInstance -ClassName Win32_Volume -Property Name, DriveType -OperationTimeoutSec (Get-RemediateSecondsLeft) | Limit-RemediateList -Name 'volumes')) { if ($volume.DriveType -eq 3) { ([string] $volume.Name).TrimEnd('\') } }
    )
    foreach ($parent in @($parents | Where-Object -FilterScript { $_ -match '^[A-Za-z]:' } | Sort-Object -Unique)) {
        foreach ($name in @(Find-RemediateFolder -Parent ($parent + '\') -Form '\.remediate-new\z')) {
            $path = $parent + '\' + $name
            ConvertTo-RemediateLeftover -Path $path -Sort 'begun-scratch' -Beside @(@{ kind = 'scratch_move'; key = @{ target = $path -replace '\.remediate-new\z', '' } }) -Inside (Measure-RemediateFolder -Path $path)
        }
    }
}

function Find-RemediateLeftover {
    # All of them, or the one at a path.
    param([hashtable] $Identity)
    $all = @(
        $moves = @()
        $shown = '%ProgramFiles%\remediate'
        $ours = Get-RemediateLeftoverPlace -Path $shown
        $receipts = $ours + '\receipts'
        if (Test-Path -LiteralPath $receipts -PathType Container) {
            foreach ($item in @(Get-ChildItem -LiteralPath $receipts -Force | Limit-RemediateList -Name 'receipts')) {
                if ($item.PSIsContainer -or $item.Name -notmatch '^([0-9A-Za-z-]{1,64})\.json$') { continue }
                $run = [string] $Matches[1]
                $receipt = Get-RemediateReceipt -Path ($receipts + '\' + $item.Name)
                $named = @(Get-RemediateNamed -Receipt $receipt)
                foreach ($one in $named) { if ($one['kind'] -eq 'scratch_move') { $moves += $one['key'] } }
                ConvertTo-RemediateLeftover -Path ($shown + '\receipts\' + $item.Name) -Sort 'receipt' -Run $run -Beside $named -Written $receipt['written']
            }
        }
        $windows = [string] $env:SystemRoot
        foreach ($name in @(Find-RemediateFolder -Parent $windows -Form '^Temp\.remediate-\d{4}-\d\d-\d\d$')) {
            $path = $windows + '\' + $name
            $marker = $path + '\remediate.moved'
            if (-not (Test-Path -LiteralPath $marker -PathType Leaf)) { continue }
            $moved = 0
            try { $moved = [int] (ConvertFrom-Json -InputObject ([string] (Get-Content -LiteralPath $marker -Raw -Encoding UTF8))).moved }
            catch { $moved = 0 }
            $about = @{ kind = 'old_files'; key = @{ folder = $windows + '\Temp'; day = $name -replace '^Temp\.remediate-', '' } }
            ConvertTo-RemediateLeftover -Path $path -Sort 'moved-files' -Beside @($about) -Inside (Measure-RemediateFolder -Path $path) -Moved $moved
        }
        $installed = Get-RemediateRegistryData -Key 'HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Azure Backup\Setup' -Name 'InstallPath'
        if ($null -ne $installed -and $installed['data']) {
            $agent = [string] $installed['data']
            $modules = $agent.TrimEnd('\') + '\bin\Modules'
            foreach ($name in @(Find-RemediateFolder -Parent $modules -Form '^MSOnlineBackup\.remediate-[0-9a-f]{16}(-[0-9])?$')) {
                $path = $modules + '\' + $name
                $about = @{ kind = 'agent_module'; key = @{ path = $modules + '\MSOnlineBackup' } }
                ConvertTo-RemediateLeftover -Path $path -Sort 'copy' -Beside @($about) -Inside (Measure-RemediateFolder -Path $path)
            }
        }
        foreach ($name in @(Find-RemediateFolder -Parent ($ours + '\scans') -Form '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')) {
            $about = @{ kind = 'volume_scan'; key = @{ device = '\\?\Volume{' + $name + '}\' } }
            ConvertTo-RemediateLeftover -Path ($shown + '\scans\' + $name) -Sort 'scan' -Beside @($about)
        }
        Find-RemediateScratchLeft -Moves $moves
        Find-RemediateScratchBegun -Moves $moves
    )
    foreach ($one in $all) { if (-not $Identity -or $one['path'] -eq $Identity['path']) { $one } }
}

function Read-RemediateLeftover {
    # That it is there.
    param($Current)
    return @{ present = $Current['present'] }
}

function Get-RemediateLeftover {
    # All of them.
    Find-RemediateLeftover
}
