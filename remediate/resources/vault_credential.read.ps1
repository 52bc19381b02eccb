# Vault credential files: where they are and how old, and of what is in them the tenant alone. They hold keys: nothing else of
# them is kept or sent.

function Get-RemediateVaultCredential {
    # The files in the folders of profiles, in Windows' folder for what is temporary, and in some others.
    param([object[]] $Folders)
    $users = $env:SystemDrive + '\Users'
    $places = @($env:SystemRoot + '\Temp') + @($Folders)
    if (Test-Path -LiteralPath $users -PathType Container) {
        foreach ($person in @(Get-ChildItem -LiteralPath $users -Directory -Force | Limit-RemediateList -Name 'profiles')) {
            # What leads elsewhere, perhaps to another computer, is not followed.
            if (([int] $person.Attributes -band 1024) -ne 0) { continue }
            foreach ($name in 'Desktop', 'Documents', 'Downloads') { $places += $users + '\' + $person.Name + '\' + $name }
        }
    }
    $told = @{}
    foreach ($place in $places) {
        Assert-RemediateTime
        if ($told.ContainsKey($place) -or -not (Test-Path -LiteralPath $place -PathType Container)) { continue }
        $told[$place] = $true
        if (([int] (Get-Item -LiteralPath $place -Force).Attributes -band 1024) -ne 0) { continue }
        foreach ($file in @(Get-ChildItem -LiteralPath $place -Filter '*.vaultcredentials*' -File -Force | Limit-RemediateList -Name "vault credential files in $place" -Most 100)) {
            $path = ([string] $place).TrimEnd('\') + '\' + $file.Name
            [ordered]@{ path = $path; modified = $file.LastWriteTimeUtc.ToString('s') + 'Z'; tenant = Get-RemediateTenant -Path $path -Size $file.Length }
        }
    }
}

# surface: allow language-mode - there is no other way to read a part of a file; in other modes the question fails and says so
function Get-RemediateTenant {
    # The element AadTenantId of a file, where that is an id: empty when it says none, or when another program keeps it open, as
    # browsers do while they download; null when the file is no whole XML. No definition of a document is taken, so that nothing
    # in the file can make it grow or lead to another.
    param([string] $Path, [long] $Size)
    if ($Size -gt 65536) { return $null }
    $settings = New-Object -TypeName System.Xml.XmlReaderSettings
    $settings.DtdProcessing = [System.Xml.DtdProcessing]::Prohibit
    $settings.XmlResolver = $null
    $settings.MaxCharactersInDocument = 65536
    $place = (Resolve-Path -LiteralPath $Path).ProviderPath
    try { $stream = [System.IO.File]::Open($place, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]::ReadWrite) }
    catch [System.IO.IOException] { return '' }
    $tenant = ''
    try {
        $reader = [System.Xml.XmlReader]::Create($stream, $settings)
        $inside = $false
        while ($reader.Read()) {
            if ($inside -and $reader.NodeType -eq [System.Xml.XmlNodeType]::Text -and $reader.Value -match '^\s*([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\s*$') { $tenant = $Matches[1] }
            $inside = $reader.NodeType -eq [System.Xml.XmlNodeType]::Element -and $reader.LocalName -eq 'AadTenantId'
        }
    }
    catch [System.Xml.XmlException] { $tenant = $null }
    finally { $stream.Dispose() }
    return $tenant
}
