# awsenv for zsh 5 and later. `awsenv hook zsh` prints this after lines that set __awsenv_bin and __awsenv_text.
# Only names that begin with __awsenv are defined, `awsenv` and `awsenv_prompt`. No trap is touched. Fine to source twice.

# A clock without a process; -F: the parameter alone. Without the module the guard asks the prompt's own.
\builtin zmodload -F zsh/datetime p:EPOCHSECONDS 2>/dev/null

# 0: nothing has changed. 1: ask the program. 75: an answer is under way, or was cut off.
# The program replaces this function each time, as the last thing it prints.
__awsenv_ok() { \builtin return 1; }

# Says so to the program once: what an rc file has set before is the user's own.
\builtin typeset -g __awsenv_new=new __awsenv_quiet=

# What the prompt shows: the program sets these, and nobody inherits them.
\builtin typeset -g +x __awsenv_before= __awsenv_until= __awsenv_after=

# No answer: nobody knows whose credentials these are, so what we set goes. Needs no process.
__awsenv_unload() {
  \builtin emulate -L zsh
  \builtin local __awsenv_names __awsenv_name __awsenv_dir=${PWD-}
  __awsenv_before= __awsenv_until= __awsenv_after=
  if [[ "${AWSENV_STATE-}" != 1:on:* && "${AWSENV_STATE-}" != 1:away:* ]]; then
    # Nothing of ours to take away; but a file here may have asked for other credentials than there are.
    [[ -z $__awsenv_quiet ]] || \builtin return 0
    while [[ -n $__awsenv_dir && ! -f $__awsenv_dir/.awsenv ]]; do __awsenv_dir=${__awsenv_dir%/*}; done
    [[ -f $__awsenv_dir/.awsenv ]] || \builtin return 0
    __awsenv_quiet=1
    \builtin print -u2 -r -- 'awsenv: no answer, so the .awsenv here does not count'
    \builtin return 0
  fi
  __awsenv_names=${AWSENV_STATE#1:*:}
  for __awsenv_name in ${(s: :)${__awsenv_names%%:*}}; do
    [[ $__awsenv_name == *[^A-Za-z0-9_]* ]] || \builtin unset $__awsenv_name
  done
  # The program learns from the mark that the values went this way, and brings the originals back.
  \builtin export AWSENV_STATE="1:lost:$__awsenv_names"
  case " ${__awsenv_names%%:*} " in
    (*' AWS_ACCESS_KEY_ID '*|*' AWS_PROFILE '*)
      \builtin export AWS_PROFILE='awsenv did not answer: no credentials' AWS_EC2_METADATA_DISABLED=true
      ;;
  esac
  __awsenv_quiet=1
  \builtin print -u2 -r -- 'awsenv: no answer, so the credentials are gone from this shell'
}

__awsenv_sync() {
  # Secrets pass through the eval, and nowhere else: no trace, no echo of input, no helper variable, no DEBUG
  # trap (local to this function, it comes back by itself).
  \builtin emulate -L zsh
  \builtin setopt local_traps no_xtrace no_verbose no_all_export no_err_exit no_err_return
  \builtin trap - DEBUG
  \builtin local __awsenv_pending=
  # The program prints a hook with the guard in it.
  __awsenv_hook() { __awsenv_ok || __awsenv_check; }
  __awsenv_ok() { \builtin return 75; }
  # The always block runs on Ctrl-C too: what is half must not outlive it.
  {
    if [[ -x $__awsenv_bin ]]; then
      \builtin eval "$("$__awsenv_bin" export zsh "$$" "$ZSH_VERSION" "${PWD-}" $__awsenv_new)"
      if [[ -n $__awsenv_pending ]]; then
        # What phase 1 printed already holds; this waits a little for what it started.
        \builtin eval "$("$__awsenv_bin" export zsh "$$" "$ZSH_VERSION" "${PWD-}" wait)"
      fi
    fi
  } always {
    __awsenv_settle
  }
}

# Cut off by Ctrl-C, or no guard came: away with what may be half, and ask again at the next prompt.
__awsenv_settle() {
  __awsenv_ok
  if [[ $? -eq 75 ]]; then
    __awsenv_unload
    __awsenv_ok() { \builtin return 1; }
  else
    __awsenv_new= __awsenv_quiet=
  fi
}

__awsenv_check() {
  \builtin emulate -L zsh
  \builtin setopt no_err_exit no_err_return
  __awsenv_ok
  case $? in
    0) ;;
    75) __awsenv_settle ;;
    *) __awsenv_sync ;;
  esac
  \builtin return 0
}

# zsh gives every hook function the user's own $? and pipestatus.
__awsenv_hook() { __awsenv_ok || __awsenv_check; }

# On `cd` itself, so that `cd prod && terraform apply` runs as prod. Not in subshells, where it would load and
# be gone, and not in widgets and completions, which must stay silent; preexec covers those.
__awsenv_chpwd() { (( ZSH_SUBSHELL )) || [[ -n "${WIDGET-}" ]] || __awsenv_hook; }

# Before a command starts: a session may have ended since the prompt was drawn.
__awsenv_preexec() { __awsenv_hook; }

# For a prompt: whose credentials these are, and how long still. Into the variable that is named, or to stdout;
# no process is started.
awsenv_prompt() {
  \builtin set -- $? "${1-}"
  \builtin emulate -L zsh
  \builtin local __awsenv_left=
  if [[ -n $__awsenv_until ]]; then
    \builtin local -i __awsenv_time=$(( __awsenv_until - ${EPOCHSECONDS:-${(%):-"%D{%s}"}} ))
    if (( __awsenv_time >= 86400 )); then
      __awsenv_left=" $(( __awsenv_time / 86400 ))d$(( __awsenv_time / 3600 % 24 ))h"
    elif (( __awsenv_time >= 3600 )); then
      __awsenv_left=" $(( __awsenv_time / 3600 ))h${(l:2::0:)$(( __awsenv_time / 60 % 60 ))}m"
    elif (( __awsenv_time >= 60 )); then
      __awsenv_left=" $(( __awsenv_time / 60 ))m"
    else
      __awsenv_left=" $(( __awsenv_time > 0 ? __awsenv_time : 0 ))s"
    fi
  fi
  __awsenv_left=$__awsenv_before$__awsenv_left$__awsenv_after
  if [[ -n $2 ]]; then
    \builtin typeset -g "$2=$__awsenv_left"
  else
    \builtin print -rn -- "$__awsenv_left"
  fi
  \builtin return $1
}

# What is chosen for this shell comes back as its next state.
__awsenv_use() {
  \builtin emulate -L zsh
  \builtin local __awsenv_text
  __awsenv_text=$("$__awsenv_bin" use --hook "$@") || \builtin return
  case $__awsenv_text in
    (1:o[nf]*:*:*|1:lost:*:*|1:away:*:*) \builtin export AWSENV_STATE=$__awsenv_text ;;
    (*) \builtin print -r -- "$__awsenv_text" ;;
  esac
  __awsenv_ok() { \builtin return 1; }
  __awsenv_hook() { __awsenv_ok || __awsenv_check; }
}

# For `awsenv doctor`, what a program cannot see of this shell: what runs before a prompt, and in which order.
__awsenv_report() {
  \builtin emulate -L zsh
  \builtin print -r -- "shell zsh $ZSH_VERSION"
  \builtin print -r -- "hook $__awsenv_text"
  (( ! $#precmd_functions )) || \builtin print -rl -- "prompt "$^precmd_functions
}

# The program, and then this shell at once: `awsenv allow` takes effect without another prompt.
awsenv() {
  if [[ "${1-}" == use ]] && (( ! ZSH_SUBSHELL )); then
    \builtin shift
    __awsenv_use "$@"
  elif [[ "${1-}" == doctor ]]; then
    AWSENV_SHELL_REPORT=$(__awsenv_report) "$__awsenv_bin" "$@"
  else
    "$__awsenv_bin" "$@"
  fi
  \builtin set -- $?
  (( ZSH_SUBSHELL )) || __awsenv_hook
  \builtin return $1
}

# First in line, so that prompts are drawn from the new environment. Under ksh_arrays a list would be its first
# element, and the user's other functions gone.
__awsenv_install() {
  \builtin emulate -L zsh
  \builtin typeset -ga precmd_functions chpwd_functions preexec_functions
  (( ${precmd_functions[(Ie)__awsenv_hook]} )) || precmd_functions=(__awsenv_hook $precmd_functions)
  (( ${chpwd_functions[(Ie)__awsenv_chpwd]} )) || chpwd_functions=(__awsenv_chpwd $chpwd_functions)
  (( ${preexec_functions[(Ie)__awsenv_preexec]} )) || preexec_functions=(__awsenv_preexec $preexec_functions)
}
__awsenv_install
\builtin unset -f __awsenv_install
