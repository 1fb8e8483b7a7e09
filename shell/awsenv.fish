# awsenv for fish 3.6 and later (older ones ask the program at each prompt). `awsenv hook fish` prints this
# after lines that set __awsenv_bin and __awsenv_text. Only names that begin with __awsenv are defined, `awsenv` and
# `awsenv_prompt`.

# 0: nothing has changed. 1: ask the program. 75: an answer is under way, or was cut off.
# The program replaces this function each time, as the last thing it prints.
function __awsenv_ok
    return 1
end

# Says so to the program once: what config.fish has set before is the user's own.
set -g __awsenv_new new
set -g __awsenv_quiet

# Before the program is asked: Ctrl-C ends the asking, and a command that was typed goes on, with nobody's keys then. The
# program replaces this each time: what has been changed by hand stays. What it takes away, the answer brings back.
function __awsenv_away
end

# What the prompt shows: the program sets these, and nobody inherits them. How old the session's end is, in seconds, is
# less than nothing until then; a file that is dated then is the only clock there is without a process.
set -gu __awsenv_before
set -gu __awsenv_after
set -gu __awsenv_age
set -gu __awsenv_end

# No answer: nobody knows whose credentials these are, so what we set goes. Needs no process.
function __awsenv_unload
    set -g __awsenv_before
    set -g __awsenv_after
    set -g __awsenv_age
    if not string match -qr '^1:(on|away):' -- "$AWSENV_STATE"
        # Nothing of ours to take away; but a file here may have asked for other credentials than there are.
        test -z "$__awsenv_quiet"; or return 0
        set -l __awsenv_dir "$PWD"
        while test -n "$__awsenv_dir" -a ! -f "$__awsenv_dir/.awsenv"
            set __awsenv_dir (string replace -r '/[^/]*$' '' -- "$__awsenv_dir")
        end
        test -f "$__awsenv_dir/.awsenv"; or return 0
        set -g __awsenv_quiet 1
        echo 'awsenv: no answer, so the .awsenv here does not count' >&2
        return 0
    end
    set -l __awsenv_names (string replace -r '^1:[a-z]+:' '' -- "$AWSENV_STATE" | string collect)
    set -l __awsenv_list (string split ' ' -- (string split -m 1 : -- "$__awsenv_names")[1])
    for __awsenv_name in $__awsenv_list
        string match -qr '^[A-Za-z0-9_]+$' -- $__awsenv_name; or continue
        set -eg $__awsenv_name
        # fish exports a universal variable whatever hides it: an empty one takes its place.
        set -qUx $__awsenv_name; and set -gx $__awsenv_name ''
    end
    # The program learns from the mark that the values went this way, and brings the originals back.
    set -gx AWSENV_STATE "1:lost:$__awsenv_names"
    if builtin contains AWS_ACCESS_KEY_ID $__awsenv_list; or builtin contains AWS_PROFILE $__awsenv_list
        set -gx AWS_PROFILE 'awsenv did not answer: no credentials'
        set -gx AWS_EC2_METADATA_DISABLED true
    end
    set -g __awsenv_quiet 1
    echo 'awsenv: no answer, so the credentials are gone from this shell' >&2
end

function __awsenv_sync
    # Secrets pass through source, and nowhere else: no trace, no helper variable.
    set -l fish_trace
    function __awsenv_ok
        return 75
    end
    set -g __awsenv_pending
    __awsenv_away
    if test -x $__awsenv_bin
        $__awsenv_bin export fish $fish_pid $version $PWD $__awsenv_new | builtin source
        if test -n "$__awsenv_pending"
            # What phase 1 printed already holds; this waits a little for what it started.
            $__awsenv_bin export fish $fish_pid $version $PWD wait | builtin source
        end
    end
    set -e __awsenv_pending
    __awsenv_settle
end

# Cut off by Ctrl-C, or no guard came: away with what may be half, and ask again at the next prompt.
function __awsenv_settle
    __awsenv_ok
    if test $status -eq 75
        __awsenv_unload
        function __awsenv_ok
            return 1
        end
    else
        set -g __awsenv_new
        set -g __awsenv_quiet
    end
end

function __awsenv_check
    __awsenv_ok
    switch $status
        case 0
        case 75
            __awsenv_settle
        case '*'
            __awsenv_sync
    end
end

function __awsenv_hook --on-event fish_prompt
    __awsenv_ok; or __awsenv_check
end

# On `cd` itself, so that `cd prod; and terraform apply` runs as prod; not for a cd in a command substitution.
function __awsenv_moved --on-variable PWD
    status is-command-substitution; or __awsenv_ok; or __awsenv_check
end

# Before a command starts: a session may have ended since the prompt was drawn, or Ctrl-C cut an answer off.
function __awsenv_preexec --on-event fish_preexec
    __awsenv_ok; or __awsenv_check
end

# For a prompt: whose credentials these are, and how long still. No process is started.
function awsenv_prompt
    set -l __awsenv_status $status
    set -l __awsenv_left
    if test -n "$__awsenv_age"
        # Where that file is gone, it is as the program has said last.
        test -n "$__awsenv_end"
        and builtin path mtime -R -- $__awsenv_end | read -l __awsenv_now
        and set -g __awsenv_age $__awsenv_now
        if test $__awsenv_age -le -86400
            set __awsenv_left " "(math "floor($__awsenv_age / -86400)")d(math "floor($__awsenv_age / -3600) % 24")h
        else if test $__awsenv_age -le -3600
            set -l __awsenv_minutes (math "floor($__awsenv_age / -60) % 60")
            set __awsenv_left " "(math "floor($__awsenv_age / -3600)")h(string replace -r '^(.)$' '0$1' $__awsenv_minutes)m
        else if test $__awsenv_age -le -60
            set __awsenv_left " "(math "floor($__awsenv_age / -60)")m
        else if test $__awsenv_age -lt 0
            set __awsenv_left " "(string sub -s 2 -- $__awsenv_age)s
        else
            set __awsenv_left ' 0s'
        end
    end
    printf %s "$__awsenv_before$__awsenv_left$__awsenv_after"
    return $__awsenv_status
end

# What is chosen for this shell comes back as its next state.
function __awsenv_use
    set -l __awsenv_text ($__awsenv_bin use --hook $argv)
    or return
    if string match -qr '^1:(on|off|lost|away):[^:]*:' -- "$__awsenv_text"
        set -gx AWSENV_STATE "$__awsenv_text"
    else
        printf '%s\n' $__awsenv_text
    end
    function __awsenv_ok
        return 1
    end
end

# For `awsenv doctor`, what a program cannot see of this shell: what runs before a prompt.
function __awsenv_report
    echo "shell fish $version"
    echo "hook $__awsenv_text"
    functions --handlers-type generic | string replace -fr '^fish_prompt ' 'prompt '
end

# The program, and then this shell at once: `awsenv allow` takes effect without another prompt.
function awsenv
    if test "$argv[1]" = use; and not status is-command-substitution
        __awsenv_use $argv[2..]
    else if test "$argv[1]" = doctor
        set -lx AWSENV_SHELL_REPORT (__awsenv_report | string collect)
        $__awsenv_bin $argv
    else
        $__awsenv_bin $argv
    end
    set -l __awsenv_status $status
    status is-command-substitution; or __awsenv_ok; or __awsenv_check
    return $__awsenv_status
end
