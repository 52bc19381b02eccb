@{
    RootModule        = 'Storage.psm1'
    ModuleVersion     = '2.0.0.0'
    GUID              = '5b7a3ed0-6f0e-4f7e-9a53-1d0f6b8f6a2b'
    Description       = 'Stand-in for the Windows module of the same name, for practice hosts.'
    FunctionsToExport = @('Get-VolumeCorruptionCount', 'Repair-Volume')
    CmdletsToExport   = @()
    AliasesToExport   = @()
    VariablesToExport = @()
}
