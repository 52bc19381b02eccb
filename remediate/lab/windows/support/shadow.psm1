# What the stand-ins for shadow storage share: who may see it, in words and numbers of Windows.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath 'cim.psm1')

$script:Texts = @{ en = 'Access denied '; de = 'Zugriff verweigert '; ko = '액세스가 거부되었습니다. ' }

function Get-LabShadowDenial {
    # The error of an account that may not read shadow storage; nothing when it may.
    param([System.Collections.IDictionary] $State, [string] $Class)
    if ($State['denied']['shadow_storage'] -ne 'read') { return }
    return New-LabCimError -Message $script:Texts[$State['culture'].Split('-')[0]] -Id 'HRESULT 0x80041003' -Category PermissionDenied -Target $Class
}

Export-ModuleMember -Function 'Get-LabShadowDenial'
