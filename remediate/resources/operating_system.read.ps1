# Windows itself. Its caption is in the language of the host, and is not asked for. Needs registry_value.read.ps1.

function Get-RemediateOperatingSystem {
    # The one that runs.
    $system = Get-CimInstance -ClassName Win32_OperatingSystem -Property Version, ProductType -OperationTimeoutSec (Get-RemediateSecondsLeft)
    $computer = Get-CimInstance -ClassName Win32_ComputerSystem -Property Domain, PartOfDomain -OperationTimeoutSec (Get-RemediateSecondsLeft)
    $enclosures = @(Get-CimInstance -ClassName Win32_SystemEnclosure -Property SMBIOSAssetTag -OperationTimeoutSec (Get-RemediateSecondsLeft) | Limit-RemediateList -Name 'enclosures')
    $domain = ''
    if ($computer.PartOfDomain) { $domain = [string] $computer.Domain }
    [ordered]@{
        name            = 'Windows'
        version         = [string] $system.Version
        product_type    = [int] $system.ProductType
        domain          = $domain
        asset_tags      = @($enclosures | ForEach-Object -Process { [string] $_.SMBIOSAssetTag })
        pending_restart = @(Get-RemediatePendingRestart)
    }
}

function Get-RemediatePendingRestart {
    # What waits for a restart: of the first two the key is made, and goes with the restart.
    if (Test-Path -LiteralPath 'Registry::HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending') { 'servicing' }
    if (Test-Path -LiteralPath 'Registry::HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired') { 'updates' }
    $renames = Get-RemediateRegistryData -Key 'HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager' -Name 'PendingFileRenameOperations'
    if ($null -ne $renames -and @($renames['data']).Count -gt 0) { 'file-renames' }
}
