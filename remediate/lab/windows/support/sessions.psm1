# CIM sessions to this computer. The genuine class needs a native library that only Windows has, so these are objects of it
# that were never made; what is known of each is kept here.

Set-StrictMode -Version Latest

$script:Open = [System.Collections.Generic.Dictionary[object, uint32]]::new()

function Open-LabSession {
    # A session whose commands may take so many seconds, 0 for any.
    param([uint32] $Seconds)
    $session = [System.Runtime.CompilerServices.RuntimeHelpers]::GetUninitializedObject([Microsoft.Management.Infrastructure.CimSession])
    $script:Open[$session] = $Seconds
    return $session
}

function Close-LabSession {
    # Ends a session; whether it was open.
    param($Session)
    return $script:Open.Remove($Session.PSObject.BaseObject)
}

function Get-LabLimit {
    # How many seconds a command in this session may take, 0 for any and where it is given none.
    param([AllowNull()] [object[]] $Session)
    foreach ($one in $Session) {
        $limit = [uint32] 0
        if (-not $script:Open.TryGetValue($one.PSObject.BaseObject, [ref] $limit)) { throw [System.ObjectDisposedException]::new('CimSession') }
        return $limit
    }
    return [uint32] 0
}

function Get-LabSession {
    # All that are open.
    return @($script:Open.Keys)
}

Export-ModuleMember -Function 'Open-LabSession', 'Close-LabSession', 'Get-LabLimit', 'Get-LabSession'
