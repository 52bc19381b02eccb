# The backup agent's PowerShell module: its files, and whether it loads. Needs content.ps1, host_path.ps1 and registry_value.ps1.

function Get-RemediateAgentFolder {
    # The agent's folder, without a backslash at its end, or nothing when it is not installed.
    return Resolve-RemediatePath -Path @{ root = @{ key = 'HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Azure Backup\Setup'; name = 'InstallPath' } }
}

function Test-RemediateModule {
    # Loads a module in a process of its own; says whether that gave commands, or why not; nothing when it cannot be told.
    param([string] $Path)
    $job = Start-Job -ArgumentList $Path -ScriptBlock {
        param([string] $Path)
        $PID
        try {
            $module = Import-Module -Name $Path -PassThru -ErrorAction Stop
            @{ commands = @($module.ExportedCommands.Keys).Count; error = '' }
        }
        catch { @{ commands = 0; error = [string] $_.FullyQualifiedErrorId } }
    }
    $ended = $null -ne (Wait-Job -Job $job -Timeout ([int] (Get-RemediateSecondsLeft)))
    $said = @(Receive-Job -Job $job -ErrorAction SilentlyContinue)
    # Remove-Job waits a minute for one that has not ended, also when its process is gone; such a job goes with the shell
    if ($ended) { Remove-Job -Job $job -Force }
    elseif ($said.Count -gt 0) { Stop-Process -Id $said[0] -Force -ErrorAction SilentlyContinue }
    if (-not $ended) { return @{ loads = $null; error = 'It has not loaded in the time that this question has.' } }
    if ($said.Count -ne 2) { return @{ loads = $null; error = 'The process in which it was to load ended without a word.' } }
    if ($said[1]['commands'] -gt 0) { return @{ loads = $true; error = '' } }
    $id = ([string] $said[1]['error'] -split ',')[0]
    if (-not $id) { return @{ loads = $false; error = 'It loads, but has no commands.' } }
    return @{ loads = $false; error = 'Import-Module fails with ' + ($id -replace '(?s)^(.{200}).*', '$1') + '.' }
}

function Get-RemediateAgentModule {
    # The module of the agent that is installed, if one is.
    $agent = Get-RemediateAgentFolder
    if ($null -eq $agent) { return }
    $path = $agent + '\bin\Modules\MSOnlineBackup'
    $definition = $path + '\MSOnlineBackup.psd1'
    $result = [ordered]@{ path = $path; installed = $null; links = @(); load_error = ''; module_version = ''; agent_version = ''; kept = @() }
    $program = $agent + '\bin\cbengine.exe'
    if (Test-Path -LiteralPath $program) { $result['agent_version'] = Get-RemediateFileVersion -Path $program }
    $result['kept'] = @(Get-RemediateKept -Path $path | Where-Object -FilterScript { -not $_['marked'] } | ForEach-Object -Process { $_['digest'] } | Sort-Object -Unique)
    if (-not (Test-Path -LiteralPath $path -PathType Container)) { return $result }
    $manifest = Get-RemediateManifest -Path $path
    $result['installed'] = @{ manifest = @{ files = @($manifest['files']) }; loads = $null }
    $result['links'] = @($manifest['links'])
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

function Set-RemediateAgentModule {
    # Puts another folder of ours in place of the module's, or takes it away. The old one is renamed, never deleted.
    param([hashtable] $Identity, [hashtable] $Before, [hashtable] $After)
    $agent = Get-RemediateAgentFolder
    $path = $Identity['path']
    if ($null -eq $agent -or ($agent + '\bin\Modules\MSOnlineBackup') -ne $path) {
        Stop-RemediateCall -ErrorId 'RemediateMissing' -Message 'The agent is no longer installed there.'
    }
    $was = $null
    if ($null -ne $Before['installed']) { $was = $Before['installed']['manifest'] }
    $there = Test-Path -LiteralPath $path
    $same = $there -eq ($null -ne $was)
    if ($same -and $there) { $same = Test-RemediateContent -Path $path -Files $was['files'] }
    if (-not $same) {
        Stop-RemediateCall -ErrorId 'RemediateStale' -Message 'The files of the module are no longer what they were.' -Detail @{ property = 'installed' }
    }
    $candidate = $null
    if ($null -ne $After['installed']) {
        $wanted = $After['installed']['manifest']
        foreach ($kept in @(Get-RemediateKept -Path $path)) {
            if ($null -eq $candidate -and $kept['digest'] -eq $wanted['digest'] -and (Test-RemediateContent -Path $kept['path'] -Files $wanted['files'])) { $candidate = $kept['path'] }
        }
        if ($null -eq $candidate) {
            Stop-RemediateCall -ErrorId 'RemediateContentMissing' -Message 'The files that are wanted are not on the host, or not whole.'
        }
    }
    $old = $null
    if ($there) { $old = Get-RemediateKeptName -Path $path -Digest $was['digest'] }
    $marked = $false
    if ($null -ne $candidate) {
        $marker = $candidate + '\' + $script:RemediateMarker
        $marked = Test-Path -LiteralPath $marker
        if ($marked) { Remove-Item -LiteralPath $marker -Force }
    }
    if ($there) {
        try { Rename-RemediateFolder -Path $path -Name $old }
        catch {
            if ($marked) { Set-RemediateMarker -Stage $candidate }
            throw
        }
    }
    if ($null -eq $candidate) { return }
    try { Rename-RemediateFolder -Path $candidate -Name 'MSOnlineBackup' }
    catch {
        if ($null -ne $old) { Rename-RemediateFolder -Path ((Split-Path -Path $path -Parent) + '\' + $old) -Name 'MSOnlineBackup' }
        throw
    }
}
