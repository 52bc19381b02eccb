# Stand-in for the registry provider of Windows, over the keys in the host's state file.
# It is loaded by whichever command touches a path first; the commands themselves are the engine's own.

Set-StrictMode -Version Latest
# No Join-Path here: it is one of the commands that load this module.
Import-Module -Global -Name "$PSHOME/Modules/Microsoft.PowerShell.Management/Microsoft.PowerShell.Management.psd1"
$provider = Import-Module -Name "$PSScriptRoot/provider.psm1" -PassThru
Import-Module -Global -Assembly (& $provider { [Registry].Assembly })
