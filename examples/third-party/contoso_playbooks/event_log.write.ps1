# Event logs, written by CIM.

function Set-RemediateContosoEventLog {
    # Writes the size that a log may have, if it still is what was seen.
    param([hashtable] $Identity, [hashtable] $Before, [hashtable] $After)
    foreach ($log in @(Get-CimInstance -ClassName Win32_NTEventlogFile -OperationTimeoutSec (Get-RemediateSecondsLeft))) {
        if ($log.LogfileName -ne $Identity['name']) { continue }
        if ($log.MaxFileSize -ne $Before['max_size']) {
            Stop-RemediateCall -ErrorId 'RemediateStale' -Message 'The size is no longer what it was.'
        }
        Set-CimInstance -InputObject $log -OperationTimeoutSec (Get-RemediateSecondsLeft) -Property @{ MaxFileSize = [uint32] $After['max_size'] }
        return
    }
    Stop-RemediateCall -ErrorId 'RemediateMissing' -Message 'The event log is gone.'
}
