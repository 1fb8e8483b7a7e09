# awsenv for PowerShell 7.3 and later on Linux and macOS. `awsenv hook pwsh` prints this after one line that sets $__awsenv_bin.
# Answers are data, and nothing of them is evaluated. Only names that begin with __awsenv are defined, `awsenv` and
# `awsenv_prompt`. Fine to evaluate twice.

# What the guard, the answers and the prompt's segment leave behind; never exported.
if (-not (Test-Path variable:global:__awsenv_inner_prompt)) { $global:__awsenv_inner_prompt = $null }
$global:__awsenv_asking = $false
$global:__awsenv_answered = $false
$global:__awsenv_quiet = $false
$global:__awsenv_before = ''
$global:__awsenv_until = $null
$global:__awsenv_after = ''

if ($PSVersionTable.PSVersion.Major * 100 + $PSVersionTable.PSVersion.Minor -lt 703) {
    [Console]::Error.WriteLine("awsenv: no credentials in this PowerShell: before 7.3 it loses quotes and empty words on the way to a program")
    [Console]::Error.WriteLine('awsenv: hint: use PowerShell 7.3 or later')
}

# Says so to the program once: what the profile has set before is the user's own.
$global:__awsenv_new = @('new')

# What must still be so, as the program has said last.
$global:__awsenv_guard = @{ never = $true }

# $true: nothing has changed.
function global:__awsenv_ok {
    $guard = $global:__awsenv_guard
    if ($guard['never']) { return $false }
    if ($guard['disabled']) { return [bool]$env:AWSENV_DISABLE }
    foreach ($term in $guard['values']) {
        $value = if ($term[0] -ceq 'PWD') { $PWD.ProviderPath } else { [Environment]::GetEnvironmentVariable($term[0]) }
        # -ceq compares by culture: it passes over U+200D, and takes NFC and NFD for the same.
        if (-not [string]::Equals($value, $term[1], 'Ordinal')) { return $false }
    }
    foreach ($name in $guard['empty']) { if ([Environment]::GetEnvironmentVariable($name)) { return $false } }
    foreach ($path in $guard['present']) { if (-not [IO.File]::Exists($path)) { return $false } }
    foreach ($file in $guard['files']) {
        if ([IO.File]::GetLastWriteTimeUtc($file[0]).Ticks -ne $file[1]) { return $false }
    }
    foreach ($path in $guard['absent']) { if ([IO.File]::Exists($path)) { return $false } }
    if ($null -eq $guard['time']) { return $true }
    $now = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
    $now -ge $guard['time'][0] -and $now -lt $guard['time'][1]
}

# No answer: nobody knows whose credentials these are, so what we set goes. Needs no process.
function global:__awsenv_unload {
    $global:__awsenv_before = ''; $global:__awsenv_until = $null; $global:__awsenv_after = ''
    $global:__awsenv_guard = @{ never = $true }
    $state = [Environment]::GetEnvironmentVariable('AWSENV_STATE')
    if ("$state" -cnotmatch '^1:(on|away):') {
        # Nothing of ours to take away; but a file here may have asked for other credentials than there are.
        if ($global:__awsenv_quiet) { return }
        $directory = $PWD.ProviderPath
        while ($directory -and -not [IO.File]::Exists([IO.Path]::Combine($directory, '.awsenv'))) {
            $directory = [IO.Path]::GetDirectoryName($directory)
        }
        if (-not $directory) { return }
        $global:__awsenv_quiet = $true
        [Console]::Error.WriteLine('awsenv: no answer, so the .awsenv here does not count')
        return
    }
    $state = $state.Split(':', 3)[2]
    $names = $state.Split(':')[0].Split(' ')
    foreach ($name in $names) {
        if ($name -cmatch '^[A-Za-z0-9_]+$') { [Environment]::SetEnvironmentVariable($name, $null) }
    }
    # The program learns from the mark that the values went this way, and brings the originals back.
    [Environment]::SetEnvironmentVariable('AWSENV_STATE', '1:lost:' + $state)
    if ($names -ccontains 'AWS_ACCESS_KEY_ID' -or $names -ccontains 'AWS_PROFILE') {
        [Environment]::SetEnvironmentVariable('AWS_PROFILE', 'awsenv did not answer: no credentials')
        [Environment]::SetEnvironmentVariable('AWS_EC2_METADATA_DISABLED', 'true')
    }
    $global:__awsenv_quiet = $true
    [Console]::Error.WriteLine('awsenv: no answer, so the credentials are gone from this shell')
}

# Answers whether more is on its way. Secrets pass through here, and stay nowhere: PowerShell may log what is evaluated,
# what a variable is set to, and what a cmdlet is given, and this is none of them.
function global:__awsenv_ask {
    # Elsewhere there is no directory; earlier versions hand over quotes and empty words wrongly. No answer, then.
    $version = $PSVersionTable.PSVersion
    if ($PWD.Provider.Name -cne 'FileSystem' -or $version.Major * 100 + $version.Minor -lt 703) { return $false }
    $PSNativeCommandArgumentPassing = 'Standard'
    # Cut off, it is no JSON, and nothing of it is carried out.
    $answer = [Text.Json.JsonDocument]::Parse((& $global:__awsenv_bin export pwsh $PID "$version" $PWD.ProviderPath @args) -join "`n")
    try {
        # The state is the first that comes and the last that goes.
        foreach ($name in ($answer.RootElement.GetProperty('names').GetRawText() | ConvertFrom-Json)) {
            [Environment]::SetEnvironmentVariable($name, $answer.RootElement.GetProperty('set').GetProperty($name).GetString())
        }
        foreach ($name in ($answer.RootElement.GetProperty('unset').GetRawText() | ConvertFrom-Json)) {
            [Environment]::SetEnvironmentVariable($name, $null)
        }
        $segment = $answer.RootElement.GetProperty('segment').GetRawText() | ConvertFrom-Json -AsHashtable
        $global:__awsenv_before = "$($segment['before'])"
        $global:__awsenv_until = $segment['until']
        $global:__awsenv_after = "$($segment['after'])"
        $global:__awsenv_guard = $answer.RootElement.GetProperty('guard').GetRawText() | ConvertFrom-Json -AsHashtable
        $global:__awsenv_answered = $true
        $answer.RootElement.GetProperty('pending').GetBoolean()
    } finally {
        $answer.Dispose()
    }
}

# What phase 1 printed already holds; phase 2 waits a little for what it started. The finally block runs on Ctrl-C too.
function global:__awsenv_sync {
    $global:__awsenv_asking = $true; $global:__awsenv_answered = $false
    $global:__awsenv_guard = @{ never = $true }
    try {
        $new = $global:__awsenv_new
        if (__awsenv_ask @new) { $null = __awsenv_ask wait }
    } catch {
        # Nobody there, or an answer that was cut off.
        $null = $_
    } finally {
        $global:__awsenv_asking = $false
        if ($global:__awsenv_answered) {
            $global:__awsenv_new = @(); $global:__awsenv_quiet = $false
        } else {
            __awsenv_unload
        }
    }
}

function global:__awsenv_check {
    if (-not $global:__awsenv_asking -and -not (__awsenv_ok)) {
        $status = $global:LASTEXITCODE
        __awsenv_sync
        $global:LASTEXITCODE = $status
    }
}

# For a prompt: whose credentials these are, and how long still. No process is started.
function global:awsenv_prompt {
    $left = ''
    if ($null -ne $global:__awsenv_until) {
        $time = [TimeSpan]::FromSeconds([Math]::Max(0, $global:__awsenv_until - [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()))
        $left = if ($time.TotalDays -ge 1) { ' {0}d{1}h' -f $time.Days, $time.Hours }
        elseif ($time.TotalHours -ge 1) { ' {0}h{1:00}m' -f $time.Hours, $time.Minutes }
        elseif ($time.TotalMinutes -ge 1) { ' {0}m' -f $time.Minutes }
        else { ' {0}s' -f $time.Seconds }
    }
    $global:__awsenv_before + $left + $global:__awsenv_after
}

# For `awsenv doctor`, what a program cannot see of this shell: whether the hook is asked before a prompt.
function global:__awsenv_report {
    $lines = "shell pwsh $($PSVersionTable.PSVersion)", "hook $global:__awsenv_text"
    if ("$function:prompt" -cmatch '__awsenv_check') { $lines += 'prompt __awsenv_check' }
    $lines -join "`n"
}

# The program, and then this shell at once: `awsenv allow` takes effect without another prompt. What is chosen for this
# shell comes back as its next state.
function global:awsenv {
    if ($args.Count -gt 0 -and $args[0] -ceq 'use') {
        $rest = @($args | Select-Object -Skip 1)
        $text = (& $global:__awsenv_bin use --hook @rest) -join "`n"
        if ($text -cmatch '^1:(on|off|lost|away):[^:]*:') {
            [Environment]::SetEnvironmentVariable('AWSENV_STATE', $text)
        } elseif ($text) {
            $text
        }
        $global:__awsenv_guard = @{ never = $true }
    } elseif ($args.Count -gt 0 -and $args[0] -ceq 'doctor') {
        [Environment]::SetEnvironmentVariable('AWSENV_SHELL_REPORT', (__awsenv_report))
        try { & $global:__awsenv_bin @args } finally { [Environment]::SetEnvironmentVariable('AWSENV_SHELL_REPORT', $null) }
    } else {
        & $global:__awsenv_bin @args
    }
    __awsenv_check
}

# First of all that a prompt does, so that it is drawn from the new environment; it finds the user's own $?.
if ("$function:prompt" -cnotmatch '__awsenv_check') {
    $global:__awsenv_inner_prompt = $function:prompt
    function global:prompt {
        $well = $?
        __awsenv_check
        if (-not $well) { Write-Error '' -ErrorAction Ignore }
        & $global:__awsenv_inner_prompt
    }
}

# On `cd` itself, so that `cd prod; terraform apply` runs as prod.
if ("$($ExecutionContext.SessionState.InvokeCommand.LocationChangedAction)" -cnotmatch '__awsenv_check') {
    $ExecutionContext.SessionState.InvokeCommand.LocationChangedAction = [Delegate]::Combine(
        $ExecutionContext.SessionState.InvokeCommand.LocationChangedAction,
        [EventHandler[Management.Automation.LocationChangedEventArgs]] { __awsenv_check }
    )
}
