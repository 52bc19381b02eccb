# CIM_DataFile: only files that have a version, and only what is asked for of those; the class has more.

Set-StrictMode -Version Latest

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Base      = 'CIM_LogicalFile', 'CIM_LogicalElement', 'CIM_ManagedSystemElement'
        Property  = 'Caption', 'Description', 'Drive', 'Extension', 'FileName', 'Name', 'Path', 'Version'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $versions = $State['file_versions']
    if ($null -eq $versions) { return }
    foreach ($entry in $versions.GetEnumerator()) {
        # WMI has names of files in small letters.
        $name = $entry.Key.ToLowerInvariant()
        $leaf = $name.Substring($name.LastIndexOf('\') + 1)
        [ordered]@{
            Caption     = $name
            Description = $name
            Drive       = $name.Substring(0, 2)
            Extension   = $leaf.Substring($leaf.LastIndexOf('.') + 1)
            FileName    = $leaf.Substring(0, $leaf.LastIndexOf('.'))
            Name        = $name
            Path        = $name.Substring(2, $name.Length - 2 - $leaf.Length)
            Version     = $entry.Value
        }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
