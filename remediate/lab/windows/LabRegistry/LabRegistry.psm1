# Stand-in for the registry provider of Windows, over the keys in the host's state file.
# It is loaded by whichever command touches a path first; the commands themselves are the engine's own.

Set-StrictMode -Version Latest
# No Join-Path here: it is one of the commands that load this module.
Import-Module -Global -Name "$PSHOME/Modules/Microsoft.PowerShell.Management/Microsoft.PowerShell.Management.psd1"
$provider = Import-Module -Name "$PSScriptRoot/provider.psm1" -PassThru
Import-Module -Global -Assembly (& $provider { [Registry].Assembly })

# Files on the host's disk have no versions of their own: the state says which has which. What computes a property knows
# global functions only.
Import-Module -Global -Name "$PSScriptRoot/versions.psm1"
Update-TypeData -TypeName 'System.IO.FileInfo' -MemberType ScriptProperty -MemberName 'VersionInfo' -Force -Value {
    Get-LabVersion -Path $this.FullName
}
Update-TypeData -TypeName 'System.IO.FileInfo' -MemberType ScriptProperty -MemberName 'LastWriteTimeUtc' -Force -Value {
    $known = Get-LabTime -Path $this.FullName -Section 'file_times'
    if ($null -ne $known) { $known } else { $this.PSBase.LastWriteTimeUtc }
}
Update-TypeData -TypeName 'System.IO.FileInfo' -MemberType ScriptProperty -MemberName 'CreationTimeUtc' -Force -Value {
    $known = Get-LabTime -Path $this.FullName -Section 'files_made'
    if ($null -ne $known) { $known } else { $this.PSBase.CreationTimeUtc }
}

# Nor can this machine's disk mark what NTFS can.
Import-Module -Global -Name "$PSScriptRoot/../support/marks.psm1"
foreach ($type in 'System.IO.FileInfo', 'System.IO.DirectoryInfo') {
    Update-TypeData -TypeName $type -MemberType ScriptProperty -MemberName 'Attributes' -Force -Value {
        [System.IO.FileAttributes] ([int] $this.PSBase.Attributes -bor (Get-LabMark -Path $this.FullName))
    }
}

# Every path on the host's disks begins with a drive, which is a folder here. A process that is no host yet has none.
if ($env:REMEDIATE_LAB_STATE -and -not (Microsoft.PowerShell.Management\Test-Path -LiteralPath 'C:\')) {
    foreach ($drive in 'C', 'D') {
        $root = $env:REMEDIATE_LAB_STATE.Substring(0, $env:REMEDIATE_LAB_STATE.LastIndexOf('/')) + "/$drive"
        $null = Microsoft.PowerShell.Management\New-PSDrive -Name $drive -PSProvider 'FileSystem' -Root $root -Scope 'Global'
    }
}
