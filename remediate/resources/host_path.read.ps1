# Paths that only the host knows. Needs registry_value.read.ps1.

function Test-RemediatePath {
    # Whether there is a file or a folder. Windows PowerShell takes it for an error to ask for what no path can have in it:
    # https://github.com/PowerShell/PowerShell/issues/16465
    param([string] $Path, [string] $Type)
    return $Path -ne '' -and $Path -notmatch '["<>|\x00-\x1f]' -and (Test-Path -LiteralPath $Path -PathType $Type)
}

function Resolve-RemediatePath {
    # A path as it is on this host, without a backslash at its end: text as it is; else the folder that a registry value
    # names, with what follows it, or what is to be taken otherwise. Nothing when there is none.
    param($Path)
    while ($null -ne $Path -and $Path -isnot [string]) {
        $value = Get-RemediateRegistryData -Key $Path['root']['key'] -Name $Path['root']['name']
        if ($null -ne $value -and $value['data'] -is [string]) {
            $folder = ([string] $value['data']).TrimEnd('\')
            if ($folder -and $Path['tail']) { return $folder + '\' + $Path['tail'] }
            if ($folder) { return $folder }
        }
        $Path = $Path['otherwise']
    }
    return $Path
}
