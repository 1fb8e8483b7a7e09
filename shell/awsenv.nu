# awsenv for nushell 0.108 and later. `awsenv hook nu` prints this after one line that makes $env.__awsenv; a
# record, which nushell gives to no program. nushell evaluates no text, so answers are data. Only names that begin
# with __awsenv are defined, `awsenv` and `awsenv_prompt`. Fine to load twice.

# guard: what must still be so, as the program has said last; null while an answer is under way, or was cut off.
# doubted: a look at it has begun. asks: it was not true. away: what is put away before the program is asked. new: what
# config.nu has set before is the user's own. segment: what the prompt shows.
$env.__awsenv = ($env.__awsenv | merge {
    guard: {never: true}, doubted: false, asks: false, away: {}, new: true, quiet: false, segment: {}
})

# Nothing has changed.
def __awsenv_ok [] {
    let guard = $env.__awsenv.guard
    if $guard == null or $guard.never? == true {
        return false
    }
    if $guard.disabled? == true {
        return ($"($env.AWSENV_DISABLE?)" != "")
    }
    if $guard.time != null {
        let now = (date now | into int) // 1_000_000_000
        if $now < $guard.time.0 or $now >= $guard.time.1 {
            return false
        }
    }
    for term in $guard.values {
        if (__awsenv_value $term.0) != $term.1 {
            return false
        }
    }
    for name in $guard.empty {
        if (__awsenv_value $name) != "" {
            return false
        }
    }
    for path in $guard.present {
        if not ($path | path exists) {
            return false
        }
    }
    for path in $guard.absent {
        # A link may lead to a file.
        if ($path | path exists) and ($path | path expand | path type) == file {
            return false
        }
    }
    try {
        for file in $guard.files {
            # Anything else, or a link to it, might hold up who opens it; so might a file that has grown.
            if ($file.0 | path expand | path type) != file or (open --raw $file.0 | first 1048577 | hash sha256) != $file.1 {
                error make {msg: changed}
            }
        }
        for link in $guard.links {
            if ($link.0 | path expand --strict) != $link.1 {
                error make {msg: changed}
            }
        }
        true
    } catch {
        false
    }
}

# As a child would see it; empty where it is unset. The whole of $env is dear, so those we ask for go by name.
def __awsenv_value [name: string] {
    match $name {
        PWD => $env.PWD
        HOME => $"($env.HOME?)"
        AWSENV_DISABLE => $"($env.AWSENV_DISABLE?)"
        AWS_ACCESS_KEY_ID => $"($env.AWS_ACCESS_KEY_ID?)"
        AWS_PROFILE => $"($env.AWS_PROFILE?)"
        AWS_REGION => $"($env.AWS_REGION?)"
        AWS_CONFIG_FILE => $"($env.AWS_CONFIG_FILE?)"
        AWS_SHARED_CREDENTIALS_FILE => $"($env.AWS_SHARED_CREDENTIALS_FILE?)"
        _ => $"($env | get --optional $name)"
    }
}

# What is hidden here may have stood before a value of an earlier prompt, which must not come back: null does, and
# no program is given that.
def --env __awsenv_hide [names: list<string>] {
    for name in $names {
        hide-env --ignore-errors $name
        if ($env | get --optional $name) != null {
            load-env {$name: null}
        }
    }
}

# Before the program is asked: Ctrl-C ends the asking, and what was typed goes on, with nobody's keys then. What has been
# changed by hand stays. What is taken away here, the answer brings back.
def --env __awsenv_put_away [] {
    let away = $env.__awsenv.away
    let state = $"($env.AWSENV_STATE?)"
    if ($away.names? | is-empty) or not ($state starts-with "1:on:") {
        return
    }
    if ($away.known | transpose name value | any {|one| (__awsenv_value $one.name) != $one.value }) {
        return
    }
    __awsenv_hide $away.names
    $env.AWSENV_STATE = "1:away:" + ($state | str substring 5..)
    $env.AWS_PROFILE = "awsenv did not answer: no credentials"
    $env.AWS_EC2_METADATA_DISABLED = ($env.AWS_EC2_METADATA_DISABLED? | default "true")
}

# No answer: nobody knows whose credentials these are, so what we set goes. Needs no process.
def --env __awsenv_unload [] {
    $env.__awsenv.segment = {}
    let state = $"($env.AWSENV_STATE?)" | str replace --regex '^1:away:' '1:on:'
    if not ($state starts-with "1:on:") {
        # Nothing of ours to take away; but a file here may have asked for other credentials than there are.
        let parts = $env.PWD | split row "/"
        let above = 1..($parts | length) | each {|count| $parts | first $count | append .awsenv | str join "/" }
        if not $env.__awsenv.quiet and ($above | any { path exists }) {
            $env.__awsenv.quiet = true
            print --stderr "awsenv: no answer, so the .awsenv here does not count"
        }
        return
    }
    let state = $state | str substring 5..
    let names = $state | split row ":" | first | split row " "
    __awsenv_hide $names
    # The program learns from the mark that the values went this way, and brings the originals back.
    $env.AWSENV_STATE = "1:lost:" + $state
    if AWS_ACCESS_KEY_ID in $names or AWS_PROFILE in $names {
        $env.AWS_PROFILE = "awsenv did not answer: no credentials"
        $env.AWS_EC2_METADATA_DISABLED = "true"
    }
    $env.__awsenv.quiet = true
    print --stderr "awsenv: no answer, so the credentials are gone from this shell"
}

# nushell takes the terminal back a moment after a program has ended; what it starts before that never hears Ctrl-C.
# Only Linux tells whose the terminal is.
def __awsenv_wait_for_terminal [] {
    let file = $"/proc/($nu.pid)/stat"
    if not ($file | path exists) {
        return
    }
    for _ in 1..200 {
        # proc_pid_stat(5), behind the name: state, parent, group, session, terminal, and the group that has it.
        let fields = open --raw $file | split row ") " | last | split row " "
        # Where there is no terminal, nobody has it.
        if $fields.2 == $fields.5 or $fields.4 == "0" or $fields.5 == "-1" {
            return
        }
        sleep 1ms
    }
}

# Answers whether more is on its way. Secrets pass through here, and stay in no variable.
def --env __awsenv_ask [...phase: string] {
    # Whole before it is read: a program is started only when the one before has ended, or Ctrl-C would miss it.
    __awsenv_wait_for_terminal
    let answer = try {
        let text = ^$env.__awsenv.bin export nu $nu.pid (version).version $env.PWD ...$phase
        $text | from json
    } catch {
        null
    }
    __awsenv_wait_for_terminal
    # What was cut off is no answer; nor is what another kind of program says.
    if $answer.guard? == null {
        return false
    }
    # The state is the first that comes and the last that goes.
    load-env ($answer.set? | default {})
    __awsenv_hide ($answer.unset? | default [])
    $env.__awsenv.segment = ($answer.segment? | default {})
    $env.__awsenv.away = ($answer.away? | default {})
    $env.__awsenv.guard = $answer.guard
    $answer.pending? == true
}

def --env __awsenv_sync [] {
    let status = $env.LAST_EXIT_CODE?
    let pending = if $env.__awsenv.new { __awsenv_ask new } else { __awsenv_ask }
    # What phase 1 said already holds; phase 2 waits a little for what it started.
    if $pending {
        __awsenv_ask wait
    }
    __awsenv_settle
    if $status != null {
        $env.LAST_EXIT_CODE = $status
    }
}

# Cut off by Ctrl-C, or no guard came: away with what may be half, and ask again at the next prompt.
def --env __awsenv_settle [] {
    if $env.__awsenv.guard == null {
        __awsenv_unload
        $env.__awsenv.guard = {never: true}
    } else {
        $env.__awsenv.new = false
        $env.__awsenv.quiet = false
    }
}

# An env that changes in a function is lost when Ctrl-C ends it; so this is a hook of its own, before the one that
# looks. A look that came to no end says nothing of the keys here.
def --env __awsenv_doubt [] {
    if $env.__awsenv.doubted {
        $env.__awsenv.guard = null
    }
    $env.__awsenv.doubted = true
    $env.__awsenv.asks = false
}

# A hook of its own too: what it puts away stays away if the asking is cut off.
def --env __awsenv_look [] {
    if $env.__awsenv.guard != null and not (__awsenv_ok) {
        __awsenv_put_away
        $env.__awsenv.asks = true
        $env.__awsenv.guard = null
    }
}

def --env __awsenv_follow [] {
    if $env.__awsenv.asks {
        __awsenv_sync
    } else if $env.__awsenv.guard == null {
        __awsenv_settle
    }
    $env.__awsenv.doubted = false
    $env.__awsenv.asks = false
}

def --env __awsenv_check [] {
    __awsenv_look
    __awsenv_follow
}

# For a prompt: whose credentials these are, and how long still. No process is started.
def awsenv_prompt []: nothing -> string {
    let segment = $env.__awsenv.segment
    let left = if $segment.until? == null {
        ""
    } else {
        let time = [($segment.until - (date now | into int) // 1_000_000_000) 0] | math max
        if $time >= 86400 {
            $" ($time // 86400)d($time // 3600 mod 24)h"
        } else if $time >= 3600 {
            $" ($time // 3600)h($time // 60 mod 60 | fill --alignment right --character 0 --width 2)m"
        } else if $time >= 60 {
            $" ($time // 60)m"
        } else {
            $" ($time)s"
        }
    }
    $"($segment.before?)($left)($segment.after?)"
}

# What is chosen for this shell comes back as its next state.
def --env __awsenv_use [...args: string] {
    let text = ^$env.__awsenv.bin use --hook ...$args
    let text = $text | str trim --right --char "\n"
    if $text =~ '^1:(on|off|lost|away):' {
        $env.AWSENV_STATE = $text
    } else {
        print $text
    }
    $env.__awsenv.guard = {never: true}
}

# For `awsenv doctor`, what a program cannot see of this shell: whether the hook is asked before a prompt.
def __awsenv_report [] {
    let hooks = $env.config.hooks.pre_prompt? | default [] | append []
    let asks = $hooks | any {|hook| ($hook | describe) == closure and (view source $hook) =~ __awsenv_follow }
    let lines = [$"shell nu (version | get version)" $"hook ($env.__awsenv.text?)"]
    $lines | append (if $asks { "prompt __awsenv_check" }) | str join "\n"
}

# The program. Where it changes what counts here, this shell follows at once, without another prompt; what others
# print is a pipeline's.
@complete external
def --env --wrapped awsenv [...args: string] {
    let command = $"($args.0?)"
    # In the last place of all: a `return` would hold back what they print, and lose it where they fail.
    if $command == doctor {
        with-env {AWSENV_SHELL_REPORT: (__awsenv_report)} { ^$env.__awsenv.bin ...$args }
    } else if $command not-in [use allow deny init edit login logout refresh] {
        ^$env.__awsenv.bin ...$args
    } else {
        if $command == use {
            __awsenv_use ...($args | skip 1)
        } else {
            ^$env.__awsenv.bin ...$args
        }
        __awsenv_check
    }
}

# At each prompt, first in line; and before a command starts: a session may have ended since the prompt was drawn.
$env.config.hooks = do {
    let hooks = $env.config.hooks? | default {}
    let others = {|list|
        $list | default [] | append [] | where {|hook| ($hook | describe) != closure or (view source $hook) !~ "__awsenv_(check|doubt|look|follow)" }
    }
    $hooks | merge {
        pre_prompt: (do $others $hooks.pre_prompt? | prepend [{|| __awsenv_doubt } {|| __awsenv_look } {|| __awsenv_follow }])
        pre_execution: (do $others $hooks.pre_execution? | prepend [{|| __awsenv_doubt } {|| __awsenv_look } {|| __awsenv_follow }])
    }
}
