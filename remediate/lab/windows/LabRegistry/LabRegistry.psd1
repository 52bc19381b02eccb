@{
    RootModule        = 'LabRegistry.psm1'
    ModuleVersion     = '1.0.0.0'
    GUID              = '5b7a3ed0-6f0e-4f7e-9a53-1d0f6b8f6a07'
    Description       = 'Stand-in for the registry provider of Windows, for practice hosts.'
    FunctionsToExport = @()
    # The commands through which a provider is used: the first of them loads this module, which has them from
    # the engine's own module.
    CmdletsToExport   = @(
        'Clear-Item', 'Clear-ItemProperty', 'Convert-Path', 'Copy-Item', 'Get-ChildItem', 'Get-Content', 'Get-Item',
        'Get-ItemProperty', 'Get-ItemPropertyValue', 'Get-Location', 'Get-PSDrive', 'Get-PSProvider', 'Join-Path',
        'Move-Item', 'New-Item', 'New-ItemProperty', 'New-PSDrive', 'Pop-Location', 'Push-Location', 'Remove-Item',
        'Remove-ItemProperty', 'Remove-PSDrive', 'Rename-Item', 'Rename-ItemProperty', 'Resolve-Path', 'Set-Content',
        'Set-Item', 'Set-ItemProperty', 'Set-Location', 'Split-Path', 'Test-Path'
    )
    AliasesToExport   = @()
    VariablesToExport = @()
}
