# Stand-in for compact.exe: marks one folder, or no longer. What it says is no use to a program.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/marks.psm1')

function compact.exe {
    # No parameters: a program gets its words as they are.
    $global:LASTEXITCODE = Invoke-LabMarking -Words $args -Mark 'Compressed' -Set '/C' -Take '/U'
    "compact: $global:LASTEXITCODE"
}

Export-ModuleMember -Function 'compact.exe'
