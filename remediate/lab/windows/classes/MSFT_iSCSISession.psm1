# MSFT_iSCSISession: the initiator's sessions. It fails while the service is stopped; with which number is inferred.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/services.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/Microsoft/Windows/Storage'
        Kind      = 'service'
        Property  = 'IsConnected', 'IsPersistent', 'NumberOfConnections', 'SessionIdentifier', 'TargetNodeAddress'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $service = @(Get-LabService -State $State | Where-Object -FilterScript { $_['name'] -ieq 'MSiSCSI' })
    if (-not $service.Count -or $service[0]['state'] -ne 'Running') {
        return New-LabCimError -Message 'The service has not been started.' -Id 'HRESULT 0x80070426' -Category NotSpecified -Target 'MSFT_iSCSISession'
    }
    $number = 0
    foreach ($target in $service[0]['sessions']) {
        $number++
        [ordered]@{
            IsConnected         = $true
            IsPersistent        = $false
            NumberOfConnections = [uint32] 1
            SessionIdentifier   = 'ffffe001{0:x8}-4000013700000002' -f $number
            TargetNodeAddress   = $target
        }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
