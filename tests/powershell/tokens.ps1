# Says which tokens the engine sees in files, as JSON: for each the number of errors, and kind and text of each token.
# Called as: pwsh -File tokens.ps1 OUTPUT FILE [FILE ...]
$output, $files = $args
$ErrorActionPreference = 'Stop'
$all = foreach ($file in $files) {
    $tokens = $null
    $errors = $null
    $null = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref] $tokens, [ref] $errors)
    @{ errors = @($errors).Count; tokens = @(foreach ($token in $tokens) { , @([string] $token.Kind, [string] $token.Text) }) }
}
[System.IO.File]::WriteAllText($output, (ConvertTo-Json -InputObject @($all) -Depth 5 -Compress))
