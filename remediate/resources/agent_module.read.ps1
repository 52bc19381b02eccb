# The backup agent's PowerShell module: its files, and whether it loads. Needs folder.read.ps1, host_path.read.ps1 and registry_value.read.ps1, and to load it agent_module.load.ps1.

function Get-RemediateAgentFolder {
    # The agent's folder, without a backslash at its end, or nothing when it is not installed.
    return Resolve-RemediatePath -Path @{ root = @{ key = 'HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Azure Backup\Setup'; name = 'InstallPath' } }
}

function Find-RemediateAgentModule {
    # Where the module of the agent that is installed is to be, also when nothing is there.
    param([hashtable] $Identity)
    $agent = Get-RemediateAgentFolder
    if ($null -eq $agent) { return }
    $path = $agent + '\bin\Modules\MSOnlineBackup'
    if ($Identity.Count -gt 0 -and $Identity['path'] -ne $path) { return }
    return @{ path = $path; agent = $agent }
}

function Read-RemediateAgentModule {
    # What can be set of it, as it is now: its files. And what in it leads elsewhere.
    param($Current)
    if (-not (Test-Path -LiteralPath $Current['path'] -PathType Container)) { return @{ installed = $null; links = @() } }
    $manifest = Get-RemediateManifest -Path $Current['path']
    return @{ installed = @{ manifest = @{ files = @($manifest['files']) } }; links = @($manifest['links']) }
}

function Get-RemediateAgentModule {
    # The module of the agent that is installed, if one is; whether it loads is tried only when that is asked.
    param([bool] $Load)
    $current = Find-RemediateAgentModule -Identity @{}
    if ($null -eq $current) { return }
    $path = $current['path']
    $definition = $path + '\MSOnlineBackup.psd1'
    $result = [ordered]@{ path = $path; installed = $null; links = @(); load_error = ''; module_version = ''; agent_version = ''; kept = @() }
    $program = $current['agent'] + '\bin\cbengine.exe'
    if (Test-Path -LiteralPath $program) { $result['agent_version'] = Get-RemediateFileVersion -Path $program }
    $result['kept'] = @(Get-RemediateKept -Path $path | Where-Object -FilterScript { -not $_['marked'] } | ForEach-Object -Process { $_['digest'] } | Sort-Object -Unique)
    $values = Read-RemediateAgentModule -Current $current
    if ($null -eq $values['installed']) { return $result }
    $result['installed'] = @{ manifest = $values['installed']['manifest']; loads = $null }
    $result['links'] = $values['links']
    if ($result['links'].Count -gt 0) {
        $result['load_error'] = 'Not tried, as something in it leads elsewhere.'
        return $result
    }
    if (-not (Test-Path -LiteralPath $definition -PathType Leaf)) {
        $result['installed']['loads'] = $false
        $result['load_error'] = 'It has no MSOnlineBackup.psd1.'
        return $result
    }
    if ((Get-Item -LiteralPath $definition -Force).Length -lt 1000000 -and [string] (Get-Content -LiteralPath $definition -Raw) -match '(?im)^\s*ModuleVersion\s*=\s*[''"]([0-9.]{1,40})[''"]') { $result['module_version'] = $Matches[1] }
    if (-not $Load) { return $result }
    $tried = Test-RemediateModule -Path (Resolve-Path -LiteralPath $definition).ProviderPath
    $result['installed']['loads'] = $tried['loads']
    $result['load_error'] = $tried['error']
    return $result
}

function Get-RemediateFileVersion {
    # The version of a program, or nothing when it has none.
    param([string] $Path)
    $version = (Get-Item -LiteralPath $Path -Force).VersionInfo
    if ([string] $version.FileVersion -eq '') { return '' }
    return '{0}.{1}.{2}.{3}' -f $version.FileMajorPart, $version.FileMinorPart, $version.FileBuildPart, $version.FilePrivatePart
}
