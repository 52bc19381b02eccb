# What an account may not do: `denied` in the host's state says read or write, by kind of resource.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath 'cim.psm1')

$script:Texts = @{ en = 'Access denied '; de = 'Zugriff verweigert '; ko = '액세스가 거부되었습니다. ' }

function Get-LabDenial {
    # The error of an account that may not read a kind of resource; nothing when it may.
    param([System.Collections.IDictionary] $State, [string] $Kind, [string] $Class)
    if ($State['denied'][$Kind] -ne 'read') { return }
    $text = $script:Texts[$State['culture'].Split('-')[0]]
    return New-LabCimError -Message $text -Id 'HRESULT 0x80041003' -Category PermissionDenied -Target $Class
}

Export-ModuleMember -Function 'Get-LabDenial'
