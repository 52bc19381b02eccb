# MSFT_MpPreference: what is needed of it. Its lists of exclusions are those of the state.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/text.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../LabRegistry/store.psm1')

$script:Lists = @{ ExclusionPath = 'path'; ExclusionProcess = 'process' }

function Get-LabClass {
    return @{
        Namespace = 'root/Microsoft/Windows/Defender'
        Kind      = 'defender_exclusion'
        Property  = 'ComputerID', 'ExclusionPath', 'ExclusionProcess'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $row = [ordered]@{ ComputerID = 'F7A5C1B0-6C3E-4B1B-9F55-2D8F0E3A7C11' }
    foreach ($name in 'ExclusionPath', 'ExclusionProcess') {
        # a list with nothing in it is none; who may not see it is shown a text in its place
        $values = @(foreach ($one in (Get-LabSection -State $State -Name 'defender')) { if ($one['list'] -eq $script:Lists[$name]) { $one['value'] } })
        if ($State['denied']['defender_exclusion'] -eq 'read') { $values = @('N/A: Must be an administrator to view exclusions') }
        if (Test-LabHidden -State $State) { $values = @('N/A: Administrators are not allowed to view exclusions') }
        $row[$name] = if ($values.Count) { [string[]] $values } else { $null }
    }
    return $row
}

function Test-LabHidden {
    # Whether a policy hides the lists from administrators.
    param([System.Collections.IDictionary] $State)
    $key = Find-LabKey -State $State -Path 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows Defender'
    $value = if ($null -ne $key) { Find-LabValue -Key $key -Name 'HideExclusionsFromLocalAdmins' }
    return $null -ne $value -and $value['data'] -eq 1
}

function Invoke-LabMethod {
    param([System.Collections.IDictionary] $Row, [string] $Method, [System.Collections.IDictionary] $Arguments)
    return Update-LabState -Action {
        param($state)
        if ($state['denied']['defender_exclusion'] -in 'read', 'write') {
            $text = Get-LabText -Culture $state['culture'] -Name 'Denied'
            return New-LabCimError -Message $text -Id 'HRESULT 0x80041003' -Category PermissionDenied -Target 'MSFT_MpPreference'
        }
        $all = Get-LabSection -State $state -Name 'defender' -Add
        foreach ($name in $Arguments.Keys) {
            foreach ($value in $Arguments[$name]) {
                if ($Method -eq 'Remove') { $null = $all.RemoveAll({ param($one) $one['list'] -eq $script:Lists[$name] -and $one['value'] -ieq $value }) }
                else {
                    foreach ($edit in (Get-LabEdit -Kind 'defender_exclusion')) { if ($edit[0] -eq '^replaces$') { $all.Clear() } }
                    $saved = Get-LabSavedText -Kind 'defender_exclusion' -Text $value
                    if ($saved) { $all.Add([ordered]@{ list = $script:Lists[$name]; value = $saved }) }
                }
            }
        }
        return @{ ReturnValue = [uint32] 0 }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow', 'Invoke-LabMethod'
