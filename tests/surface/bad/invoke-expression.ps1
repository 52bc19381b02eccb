# Text that becomes code.
function Test-Text {
    param([string] $Text)
    Invoke-Expression -Command $Text # expect: invoke-expression
    iex -Command $Text # expect: invoke-expression, alias
    $block = [scriptblock]::Create($Text) # expect: invoke-expression, language-mode
    $ExecutionContext.InvokeCommand.InvokeScript($Text) # expect: invoke-expression, language-mode
    $ExecutionContext.InvokeCommand.ExpandString($Text) # expect: invoke-expression, language-mode
    return $block
}
