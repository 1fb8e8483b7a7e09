# Completions of awsenv for PowerShell, in $PROFILE:
#   awsenv completions powershell | Out-String | Invoke-Expression
# At Tab the program is asked, so that it names what there is at that moment. Nothing of the line is evaluated.
Register-ArgumentCompleter -Native -CommandName awsenv -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text } } |
        Where-Object { $_ -ne '' })
    $before = $env:AWSENV_COMPLETE
    $env:AWSENV_COMPLETE = 'powershell'
    try {
        # Older versions drop an empty word, so that the last one begins with a sign.
        $program = Get-Command awsenv -CommandType Application -ErrorAction Stop | Select-Object -First 1
        & $program -- @words "=$wordToComplete" 2>$null | ForEach-Object {
            $word, $help = $_ -split "`t", 2
            if (-not $help) { $help = $word }
            [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $help)
        }
    } catch {
    } finally {
        $env:AWSENV_COMPLETE = $before
    }
}
