@{
    RootModule        = 'CimCmdlets.psm1'
    ModuleVersion     = '1.0.0.0'
    GUID              = '5b7a3ed0-6f0e-4f7e-9a53-1d0f6b8f6a02'
    Description       = 'Stand-in for the Windows module of the same name, for practice hosts.'
    FunctionsToExport = @('Get-CimInstance', 'Invoke-CimMethod', 'New-CimSession', 'Remove-CimSession', 'Set-CimInstance')
    CmdletsToExport   = @()
    AliasesToExport   = @()
    VariablesToExport = @()
}
