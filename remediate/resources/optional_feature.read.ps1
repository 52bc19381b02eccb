# Features of Windows, by CIM: Get-WindowsFeature is slower, and is on servers only.

function Get-RemediateOptionalFeature {
    # Those of some features that this Windows knows. Their names are the controller's, which has checked that they need no escaping.
    param([string[]] $Names)
    foreach ($name in $Names) {
        foreach ($feature in @(Get-CimInstance -ClassName Win32_OptionalFeature -Filter "Name = '$name'" -Property Name, InstallState -OperationTimeoutSec (Get-RemediateSecondsLeft) | Limit-RemediateList -Name 'features')) {
            [ordered]@{ name = [string] $feature.Name; state = [int] $feature.InstallState }
        }
    }
}
