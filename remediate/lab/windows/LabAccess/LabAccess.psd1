@{
    RootModule        = 'LabAccess.psm1'
    ModuleVersion     = '1.0.0.0'
    GUID              = '5b7a3ed0-6f0e-4f7e-9a53-1d0f6b8f6a11'
    Description       = 'Stand-in for Get-Acl and Set-Acl, which PowerShell has on Windows only, for practice hosts.'
    FunctionsToExport = @('Get-Acl', 'Rename-Item', 'Set-Acl')
    CmdletsToExport   = @()
    AliasesToExport   = @()
    VariablesToExport = @()
}
