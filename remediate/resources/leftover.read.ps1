# What runs have left on this host, told by its place. Needs registry_value.read.ps1.

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
                elseif (@('remediate.moved', 'remediate.staging') -notcontains $_.Name) {
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
    # One of them.
    param([string] $Path, [string] $Sort, [string] $Run, [object[]] $Beside, [hashtable] $Inside = @{ files = 0; size = [int64] 0 }, [int] $Moved)
    return [ordered]@{
        path    = $Path
        present = $true
        sort    = $Sort
        run     = $Run
        beside  = @($Beside)
        files   = $Inside['files']
        moved   = $Moved
        size    = $Inside['size']
    }
}

function Get-RemediateNamed {
    # What a receipt says that its run has written to; nothing where it does not say.
    param([string] $Path)
    try { $receipt = ConvertFrom-Json -InputObject ([string] (Get-Content -LiteralPath $Path -Raw -Encoding UTF8)) }
    catch { return }
    if ($null -eq $receipt -or @($receipt.PSObject.Properties.Name) -notcontains 'changes') { return }
    foreach ($change in @($receipt.changes | Limit-RemediateList -Name 'changes of a run')) {
        if ($null -eq $change -or @($change.PSObject.Properties.Name) -notcontains 'resource') { continue }
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

function Find-RemediateLeftover {
    # All of them, or the one at a path.
    param([hashtable] $Identity)
    $all = @(
        $shown = '%ProgramFiles%\remediate'
        $ours = Get-RemediateLeftoverPlace -Path $shown
        $receipts = $ours + '\receipts'
        if (Test-Path -LiteralPath $receipts -PathType Container) {
            foreach ($item in @(Get-ChildItem -LiteralPath $receipts -Force | Limit-RemediateList -Name 'receipts')) {
                if ($item.PSIsContainer -or $item.Name -notmatch '^([0-9A-Za-z-]{1,64})\.json$') { continue }
                $run = [string] $Matches[1]
                ConvertTo-RemediateLeftover -Path ($shown + '\receipts\' + $item.Name) -Sort 'receipt' -Run $run -Beside @(Get-RemediateNamed -Path ($receipts + '\' + $item.Name))
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
