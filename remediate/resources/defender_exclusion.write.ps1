# What Microsoft Defender Antivirus leaves out: what Add-MpPreference and Remove-MpPreference do, with a limit.

function Set-RemediateDefenderExclusion {
    # Adds one exclusion or takes it away; what others have in the list stays.
    param($Current, [hashtable] $After)
    $name = if ($Current['list'] -eq 'path') { 'ExclusionPath' } else { 'ExclusionProcess' }
    $arguments = @{ $name = [string[]] @($Current['value']) }
    # surface: allow cim-class - 2012 R2 has it only with Defender, whose lists have been read
    if ($After['present']) { $null = Invoke-CimMethod -Namespace root/Microsoft/Windows/Defender -ClassName MSFT_MpPreference -MethodName Add -Arguments $arguments -OperationTimeoutSec (Get-RemediateSecondsLeft) -Confirm:$false }
    # surface: allow cim-class - as above
    else { $null = Invoke-CimMethod -Namespace root/Microsoft/Windows/Defender -ClassName MSFT_MpPreference -MethodName Remove -Arguments $arguments -OperationTimeoutSec (Get-RemediateSecondsLeft) -Confirm:$false }
}
