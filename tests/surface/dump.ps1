# Parses PowerShell files with the engine's own parser and writes what the rules need as JSON.
# Called as: pwsh -File dump.ps1 OUTPUT FILE [FILE ...]. A .psm1 file is only parsed for errors.
# Every node is one flat array: parent, kind, line, start, end, value.
$output, $files = $args
$ErrorActionPreference = 'Stop'

function Get-NodeValue {
    param($Node, [string] $Kind)
    switch ($Kind) {
        'Command' { return $Node.GetCommandName() }
        'CommandParameter' { return $Node.ParameterName }
        'StringConstantExpression' { return @($Node.Value, "$($Node.StringConstantType)") }
        'ExpandableStringExpression' { return @($Node.Value, "$($Node.StringConstantType)") }
        'VariableExpression' { return $Node.VariablePath.UserPath }
        'TypeExpression' { return $Node.TypeName.FullName }
        'TypeConstraint' { return $Node.TypeName.FullName }
        'Attribute' { return $Node.TypeName.FullName }
        'NamedAttributeArgument' { return $Node.ArgumentName }
        'MemberExpression' { return @([bool] $Node.Static, [bool] $Node.NullConditional) }
        'InvokeMemberExpression' { return @([bool] $Node.Static, [bool] $Node.NullConditional) }
        'IndexExpression' { return [bool] $Node.NullConditional }
        'BinaryExpression' { return "$($Node.Operator)" }
        'UnaryExpression' { return "$($Node.TokenKind)" }
        'AssignmentStatement' { return "$($Node.Operator)" }
        'FunctionDefinition' { return $Node.Name }
        'NamedBlock' { return "$($Node.BlockKind)" }
        'Pipeline' { return [bool] $Node.Background }
        'FileRedirection' { return "$($Node.FromStream)" }
        'MergingRedirection' { return "$($Node.FromStream)" }
        'ForEachStatement' { return "$($Node.Flags)" }
        'TypeDefinition' { return $Node.Name }
        default { return $null }
    }
}

$result = foreach ($file in $files) {
    $tokens = $null
    $faults = $null
    $tree = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref] $tokens, [ref] $faults)
    $nodes = [System.Collections.Generic.List[object]]::new()
    $comments = [System.Collections.Generic.List[object]]::new()
    if ($file -notlike '*.psm1') {
        $index = [System.Collections.Generic.Dictionary[object, int]]::new()
        foreach ($node in $tree.FindAll({ $true }, $true)) {
            $kind = $node.GetType().Name
            $kind = $kind.Substring(0, $kind.Length - 3)
            $parent = if ($null -eq $node.Parent) { -1 } else { $index[$node.Parent] }
            $index[$node] = $nodes.Count
            $extent = $node.Extent
            $nodes.Add(@($parent, $kind, $extent.StartLineNumber, $extent.StartOffset, $extent.EndOffset, (Get-NodeValue -Node $node -Kind $kind)))
        }
        foreach ($token in $tokens) {
            if ($token.Kind -eq 'Comment') { $comments.Add(@($token.Extent.StartLineNumber, $token.Extent.StartColumnNumber, $token.Text)) }
        }
    }
    @{
        file     = $file
        nodes    = $nodes.ToArray()
        comments = $comments.ToArray()
        errors   = @(foreach ($fault in $faults) { , @($fault.Extent.StartLineNumber, $fault.Message) })
    }
}
[System.IO.File]::WriteAllText($output, (ConvertTo-Json -InputObject @($result) -Depth 6 -Compress))
