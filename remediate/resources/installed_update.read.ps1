# Updates of Windows. What PowerShell makes of their day depends on the language, so it is taken as WMI has it.

function Get-RemediateInstalledUpdate {
    # All that are listed.
    foreach ($one in @(Get-CimInstance -ClassName Win32_QuickFixEngineering -Property HotFixID, InstalledOn -OperationTimeoutSec (Get-RemediateSecondsLeft) | Limit-RemediateList -Name 'updates')) {
        [ordered]@{ update = [string] $one.HotFixID; installed = [string] $one.CimInstanceProperties['InstalledOn'].Value }
    }
}
