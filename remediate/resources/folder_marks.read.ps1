# Folders: what they, and what stands right in them, are marked as. Needs host_path.read.ps1 and registry_value.read.ps1.

function Find-RemediateFolderMarks {
    # The folder, or nothing when it is not there.
    param([hashtable] $Identity)
    if (Test-RemediatePath -Path $Identity['path'] -Type Container) { return Get-Item -LiteralPath $Identity['path'] -Force }
}

function Read-RemediateFolderMarks {
    # What can be set of it, as it is now.
    param($Current)
    $marks = [int] $Current.Attributes
    return @{ compressed = ($marks -band 0x800) -ne 0; encrypted = ($marks -band 0x4000) -ne 0 }
}

function Get-RemediateFolderMarks {
    # Each of the folders that is there. What leads elsewhere is not looked into.
    param([object[]] $Paths)
    $told = @{}
    foreach ($wanted in $Paths) {
        Assert-RemediateTime
        $path = ([string] (Resolve-RemediatePath -Path $wanted) -replace '\\+', '\').TrimEnd('\')
        if ($path -notmatch '^[A-Za-z]:\\' -or $told.ContainsKey($path)) { continue }
        $told[$path] = $true
        $folder = Find-RemediateFolderMarks -Identity @{ path = $path }
        if ($null -eq $folder) { continue }
        $values = Read-RemediateFolderMarks -Current $folder
        $elsewhere = ([int] $folder.Attributes -band 0x400) -ne 0
        $inside = @()
        $count = 0
        if (-not $elsewhere) {
            foreach ($item in @(Get-ChildItem -LiteralPath $path -Force | Select-Object -First 5000)) {
                Assert-RemediateTime
                $count++
                $marks = [int] $item.Attributes -band 0x4E00
                if ($marks -ne 0 -and $inside.Count -lt 100) { $inside += @{ name = [string] $item.Name; folder = [bool] $item.PSIsContainer; marks = $marks } }
            }
        }
        [ordered]@{
            path            = $path
            compressed      = $values['compressed']
            encrypted       = $values['encrypted']
            leads_elsewhere = $elsewhere
            inside          = $inside
            looked_at       = $count
        }
    }
}
