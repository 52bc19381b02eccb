# What PSRP carries: a few lines that can be read, and beside them the script, packed. They unpack it and run it with the others.
# A language mode that does not let them is answered with one line, and nothing is run; the script comes again then, as it is.
param([byte[]] $Packed, [string] $Request, [hashtable] $Secrets)
if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') { return '#remediate-plain' }
# surface: allow language-mode - only reached in FullLanguage
$bytes = New-Object -TypeName System.IO.MemoryStream -ArgumentList (, $Packed)
# surface: allow language-mode - as above
$unpacked = New-Object -TypeName System.IO.Compression.GZipStream -ArgumentList $bytes, ([System.IO.Compression.CompressionMode]::Decompress)
# surface: allow language-mode - as above
$reader = New-Object -TypeName System.IO.StreamReader -ArgumentList $unpacked
# surface: allow invoke-expression - the controller sent it; Windows shows its text to the virus scanner and its logs, as ever
# surface: allow language-mode - as above
$script = [scriptblock]::Create($reader.ReadToEnd())
# In this very scope: functions of a module, such as those about tasks, see the preferences of no other.
# surface: allow language-mode - as above
. $script -Request $Request -Secrets $Secrets
