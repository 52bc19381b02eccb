# Puts another folder of ours in place of the module's. Needs folder.read.ps1 and folder.write.ps1.

function Set-RemediateAgentModule {
    # Puts another folder of ours in place of the module's, or takes it away. The old one is renamed, never deleted.
    param($Current, [hashtable] $Before, [hashtable] $After)
    $path = $Current['path']
    $was = $null
    if ($null -ne $Before['installed']) { $was = $Before['installed']['manifest'] }
    $there = Test-Path -LiteralPath $path
    if ($there -ne ($null -ne $was) -or ($there -and (Get-RemediateTree -Path $path)['links'].Count -gt 0)) {
        Stop-RemediateCall -ErrorId 'RemediateStale' -Message 'Something else stands in its place, or in it leads elsewhere.' -Detail @{ property = 'installed' }
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
        try { Rename-RemediateItem -Path $path -Name $old }
        catch {
            if ($marked) { Set-RemediateMarker -Stage $candidate }
            throw
        }
    }
    if ($null -eq $candidate) { return }
    try { Rename-RemediateItem -Path $candidate -Name 'MSOnlineBackup' }
    catch {
        if ($null -ne $old) { Rename-RemediateItem -Path ((Split-Path -Path $path -Parent) + '\' + $old) -Name 'MSOnlineBackup' }
        throw
    }
}
