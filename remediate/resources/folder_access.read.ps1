# Folders: who may do what in them. Needs host_path.read.ps1 and registry_value.read.ps1.

function Find-RemediateFolderAccess {
    # The folder, with its path as it was asked for; nothing when it is not there.
    param([hashtable] $Identity)
    if (Test-RemediatePath -Path $Identity['path'] -Type Container) {
        return @{ path = $Identity['path']; item = Get-Item -LiteralPath $Identity['path'] -Force }
    }
}

function Read-RemediateFolderAccess {
    # What can be set of it, as it is now, and its group.
    param($Current)
    $acl = Get-Acl -LiteralPath $Current['path']
    $result = @{}
    foreach ($section in 'owner', 'group', 'access') {
        # surface: allow language-mode - reading where the folder is needs FullLanguage already
        $text = Limit-RemediateText -Text ([string] $acl.GetSecurityDescriptorSddlForm($section)) -Name 'The access list'
        # O:, G: and D: say what it is
        $result[$section] = $text -replace '^[OGD]:', ''
    }
    return $result
}

function Get-RemediateFolderAccess {
    # Each of the folders that is there.
    param([object[]] $Paths)
    $told = @{}
    foreach ($wanted in $Paths) {
        Assert-RemediateTime
        $path = ([string] (Resolve-RemediatePath -Path $wanted) -replace '\\+', '\').TrimEnd('\')
        if ($path -notmatch '^[A-Za-z]:\\' -or $told.ContainsKey($path)) { continue }
        $told[$path] = $true
        $folder = Find-RemediateFolderAccess -Identity @{ path = $path }
        if ($null -eq $folder) { continue }
        $values = Read-RemediateFolderAccess -Current $folder
        [ordered]@{
            path            = $path
            owner           = $values['owner']
            group           = $values['group']
            access          = $values['access']
            leads_elsewhere = ([int] $folder['item'].Attributes -band 0x400) -ne 0
        }
    }
}
