# Stand-in for whoami.exe: lists the groups in the token of whoever came in. Their names are of no use to a program.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/trouble.psm1')

function whoami.exe {
    # No parameters: a program gets its words as they are. A security product may not let it start.
    if (Test-LabLack -Kind 'whoami') {
        throw [System.Management.Automation.ApplicationFailedException]::new("Program 'whoami.exe' failed to run: Access is denied")
    }
    if (($args -join ' ') -ine '/groups /fo csv /nh') { throw [System.NotImplementedException]::new("The stand-in does not take $args.") }
    $global:LASTEXITCODE = 0
    $null = Get-LabTrouble -Kind 'session'
    $session = (Get-LabState)['session']
    if ($null -eq $session) { return }
    foreach ($sid in $session['groups']) { "`"Group, $sid`",`"Alias`",`"$sid`",`"Mandatory group, Enabled by default`"" }
}

Export-ModuleMember -Function 'whoami.exe'
