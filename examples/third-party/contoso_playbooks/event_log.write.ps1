# Event logs, written by CIM.

function Set-RemediateContosoEventLog {
    # Writes the size that a log may have.
    param($Current, [hashtable] $After)
    Set-CimInstance -InputObject $Current -OperationTimeoutSec (Get-RemediateSecondsLeft) -Property @{ MaxFileSize = [uint32] $After['max_size'] }
}
