# The iSCSI initiator's device. By CIM, because Get-PnpDevice does not exist on Server 2012 R2.

function Get-RemediateIscsiInitiator {
    # Every device of the initiator; WQL wants the backslash twice.
    $devices = @(Get-CimInstance -ClassName Win32_PnPEntity -Filter "PNPDeviceID LIKE 'ROOT\\ISCSIPRT%'" -Property PNPDeviceID, ConfigManagerErrorCode -OperationTimeoutSec (Get-RemediateSecondsLeft) | Limit-RemediateList -Name 'devices')
    foreach ($device in $devices) {
        [ordered]@{
            device     = [string] $device.PNPDeviceID
            error_code = $device.ConfigManagerErrorCode
        }
    }
}
