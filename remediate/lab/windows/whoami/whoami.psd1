@{
    RootModule        = 'whoami.psm1'
    ModuleVersion     = '1.0.0.0'
    GUID              = '0c32bc95-8acd-4b5d-94a1-1dba32e1fb41'
    Description       = 'Stand-in for the Windows program of the same name, for practice hosts.'
    FunctionsToExport = @('whoami.exe')
    CmdletsToExport   = @()
    AliasesToExport   = @()
    VariablesToExport = @()
}
