# Text that is no PowerShell.
function Test-Broken {
    $x = @(1, # expect: parse-error
} # expect: parse-error
