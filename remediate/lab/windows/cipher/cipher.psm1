# Stand-in for cipher.exe: marks one folder, or no longer. What it says is no use to a program.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/marks.psm1')

function cipher.exe {
    # No parameters: a program gets its words as they are.
    $global:LASTEXITCODE = Invoke-LabMarking -Words $args -Mark 'Encrypted' -Set '/E' -Take '/D'
    "cipher: $global:LASTEXITCODE"
}

Export-ModuleMember -Function 'cipher.exe'
