@{
    RootModule        = 'tzutil.psm1'
    ModuleVersion     = '1.0.0.0'
    GUID              = '5b7a3ed0-6f0e-4f7e-9a53-1d0f6b8f6a20'
    Description       = 'Stand-in for the Windows program of the same name, for practice hosts.'
    FunctionsToExport = @('tzutil.exe')
    CmdletsToExport   = @()
    AliasesToExport   = @()
    VariablesToExport = @()
}
