# What Microsoft Defender Antivirus leaves out, by CIM: its commands have no limit. Needs service.read.ps1 and
# registry_value.read.ps1.

function Get-RemediateDefenderExclusion {
    # Each exclusion of both lists, if Defender runs; where a policy hides them, none is told to who asks for those that are shown.
    param([bool] $Shown)
    if ($Shown) {
        $hidden = Get-RemediateRegistryData -Key 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows Defender' -Name 'HideExclusionsFromLocalAdmins'
        if ($null -ne $hidden -and $hidden['data'] -eq 1) { return }
    }
    $service = Find-RemediateService -Identity @{ name = 'WinDefend' }
    if ($null -eq $service -or [string] $service.State -ne 'Running') { return }
    # surface: allow cim-class - 2012 R2 has it only with Defender, whose service was found above
    foreach ($preference in @(Get-CimInstance -Namespace root/Microsoft/Windows/Defender -ClassName MSFT_MpPreference -Property ExclusionPath, ExclusionProcess -OperationTimeoutSec (Get-RemediateSecondsLeft))) {
        $lists = @{ path = $preference.ExclusionPath; process = $preference.ExclusionProcess }
        foreach ($list in 'path', 'process') {
            foreach ($value in @($lists[$list] | Where-Object -FilterScript { $_ } | Limit-RemediateList -Name 'exclusions')) {
                # "N/A: Must be an administrator to view exclusions": no path and no program has a colon behind two characters or more
                if ($value -match '^[^\\:]{2,}:') { Write-Error -Message "Microsoft Defender says: $value" -ErrorId 'AccessDenied' -Category PermissionDenied -ErrorAction Stop }
                [ordered]@{ list = $list; value = Limit-RemediateText -Text $value -Name 'An exclusion'; present = $true }
            }
        }
    }
}

function Find-RemediateDefenderExclusion {
    # One exclusion, also one that is not there: it is added by writing it.
    param([hashtable] $Identity)
    foreach ($one in @(Get-RemediateDefenderExclusion)) {
        if ($one['list'] -eq $Identity['list'] -and $one['value'] -eq $Identity['value']) { return $one }
    }
    return @{ list = $Identity['list']; value = $Identity['value']; present = $false }
}

function Read-RemediateDefenderExclusion {
    # What can be set of it, as it is now.
    param($Current)
    return @{ present = $Current['present'] }
}
