# awsenv for bash 3.2 and later. `awsenv hook bash` prints this after lines that set __awsenv_bin and __awsenv_text.
# Only names that begin with __awsenv are defined, `awsenv` and `awsenv_prompt`. No trap is touched. Fine to source twice.
# shellcheck shell=bash
# shellcheck disable=SC2154 # __awsenv_bin is set by those lines
# shellcheck disable=SC2034 # exported by a quoted builtin, which shellcheck does not know
# shellcheck disable=SC2317 # the guard is called by name
# shellcheck disable=SC2178,SC2128 # PROMPT_COMMAND is an array or a string, by version

# Hold the user's options and phase 2 while an answer is under way, and what the prompt shows; never inherited.
\builtin unset -v __awsenv_set __awsenv_pending __awsenv_before __awsenv_until __awsenv_after

# 0: nothing has changed. 1: ask the program. 75: an answer is under way, or was cut off.
# The program replaces this function each time, as the last thing it prints.
__awsenv_ok() { \builtin return 1; }
# Says so to the program once: what an rc file has set before is the user's own.
__awsenv_new=new
__awsenv_quiet=

# No answer: nobody knows whose credentials these are, so what we set goes. Needs no process.
__awsenv_unload() {
  # Quoted: behind `builtin` these are words like any other, and a directory's name would be split and run.
  \builtin local __awsenv_names __awsenv_name __awsenv_dir="${PWD-}" IFS=' '
  __awsenv_before='' __awsenv_until='' __awsenv_after=''
  case ${AWSENV_STATE-} in
    1:on:* | 1:away:*) __awsenv_names=${AWSENV_STATE#1:*:} ;;
    *)
      # Nothing of ours to take away; but a file here may have asked for other credentials than there are.
      [[ -z ${__awsenv_quiet-} ]] || \builtin return 0
      while [[ -n $__awsenv_dir && ! -f $__awsenv_dir/.awsenv ]]; do __awsenv_dir=${__awsenv_dir%/*}; done
      [[ -f $__awsenv_dir/.awsenv ]] || \builtin return 0
      __awsenv_quiet=1
      \builtin printf 'awsenv: no answer, so the .awsenv here does not count\n' >&2
      \builtin return 0
      ;;
  esac
  for __awsenv_name in ${__awsenv_names%%:*}; do
    case $__awsenv_name in
      *[!A-Za-z0-9_]*) ;;
      *) \builtin unset -v "$__awsenv_name" ;;
    esac
  done
  # The program learns from the mark that the values went this way, and brings the originals back.
  \builtin export AWSENV_STATE="1:lost:$__awsenv_names"
  case " ${__awsenv_names%%:*} " in
    *' AWS_ACCESS_KEY_ID '* | *' AWS_PROFILE '*)
      \builtin export AWS_PROFILE='awsenv did not answer: no credentials' AWS_EC2_METADATA_DISABLED=true
      ;;
  esac
  __awsenv_quiet=1
  \builtin printf 'awsenv: no answer, so the credentials are gone from this shell\n' >&2
}

# bash-preexec, loaded before or after this, calls these. Without it the list stays unset: starship takes one that is
# not empty for bash-preexec itself, and would wait for it in vain.
__awsenv_join_preexec() {
  [[ -n ${bash_preexec_imported-}${__bp_imported-} ]] || \builtin return 0
  [[ " ${preexec_functions[*]-} " == *" __awsenv_preexec "* ]] || preexec_functions+=(__awsenv_preexec)
}

__awsenv_sync() {
  # Secrets pass through the eval, and nowhere else: no trace, no echo of input, no helper variable, no DEBUG
  # trap (a function called from here inherits none, with functrace off).
  __awsenv_set=$-
  \builtin set +avxT
  __awsenv_hook() { __awsenv_prompted; }
  __awsenv_ok() { \builtin return 75; }
  __awsenv_pending=
  [[ -z ${__awsenv_new-} ]] || __awsenv_join_preexec
  if [[ -x $__awsenv_bin ]]; then
    __awsenv_ask ${__awsenv_new:+"$__awsenv_new"}
    # What phase 1 printed already holds; phase 2 waits a little for what it started.
    [[ -z $__awsenv_pending ]] || __awsenv_ask wait
  fi
  __awsenv_settle
}

__awsenv_ask() {
  \builtin eval "$("$__awsenv_bin" export bash "$$" "$BASH_VERSION" "${PWD-}" "$@")"
}

# Puts the options back. Cut off by Ctrl-C, or no guard came: away with what may be half, and ask again at the
# next prompt.
__awsenv_settle() {
  \builtin unset -v __awsenv_pending
  if __awsenv_ok || [[ $? -ne 75 ]]; then
    __awsenv_new='' __awsenv_quiet=''
  else
    __awsenv_unload
    __awsenv_ok() { \builtin return 1; }
    # After an answer cut off inside [[, bash 5.2 believes itself still there, for ever; this lets it out.
    \builtin eval '[[ x ]]' 2>/dev/null || \builtin :
  fi
  case ${__awsenv_set-} in *T*) \builtin set -T ;; esac
  case ${__awsenv_set-} in *a*) \builtin set -a ;; esac
  case ${__awsenv_set-} in *v*) \builtin set -v ;; esac
  case ${__awsenv_set-} in *x*) \builtin set -x ;; esac
  \builtin unset -v __awsenv_set
}

__awsenv_check() {
  __awsenv_ok || case $? in
    75) __awsenv_settle ;;
    *) __awsenv_sync ;;
  esac
}

# The program prints another with the guard in it, for when the last command went well.
__awsenv_hook() { __awsenv_prompted; }

__awsenv_prompted() {
  \builtin set -- "$?"
  __awsenv_ok || __awsenv_check || \builtin :
  # With `set -e` a status of the user's, given back here, would end the shell.
  case $- in *e*) \builtin return 0 ;; esac
  \builtin return "$1"
}

# Before a command starts, where something calls preexec functions: a session may have ended meanwhile.
__awsenv_preexec() { __awsenv_check || \builtin :; }

# For a prompt: whose credentials these are, and how long still. Into the variable that is named, or to stdout;
# no process is started.
awsenv_prompt() {
  \builtin set -- "$?" "${1-}"
  \builtin local __awsenv_left='' __awsenv_now="${SECONDS-}"
  if [[ -n ${__awsenv_until-} ]]; then
    # Before 4.2 there is no clock without a process: the program has counted in the seconds of this shell.
    [[ ${BASH_VERSINFO[0]} -lt 4 || ${BASH_VERSINFO[0]}.${BASH_VERSINFO[1]} = 4.[01] ]] ||
      \builtin printf -v __awsenv_now '%(%s)T' -1
    __awsenv_left=$((__awsenv_until > __awsenv_now ? __awsenv_until - __awsenv_now : 0))
    if [[ $__awsenv_left -ge 86400 ]]; then
      __awsenv_left=" $((__awsenv_left / 86400))d$((__awsenv_left / 3600 % 24))h"
    elif [[ $__awsenv_left -ge 3600 ]]; then
      \builtin printf -v __awsenv_left ' %dh%02dm' "$((__awsenv_left / 3600))" "$((__awsenv_left / 60 % 60))"
    elif [[ $__awsenv_left -ge 60 ]]; then
      __awsenv_left=" $((__awsenv_left / 60))m"
    else
      __awsenv_left=" ${__awsenv_left}s"
    fi
  fi
  __awsenv_left=${__awsenv_before-}$__awsenv_left${__awsenv_after-}
  if [[ -n $2 ]]; then
    \builtin printf -v "$2" %s "$__awsenv_left"
  else
    \builtin printf %s "$__awsenv_left"
  fi
  case $- in *e*) \builtin return 0 ;; esac
  \builtin return "$1"
}

# What is chosen for this shell comes back as its next state.
__awsenv_use() {
  \builtin local __awsenv_text
  __awsenv_text=$("$__awsenv_bin" use --hook "$@") || \builtin return
  case $__awsenv_text in
    1:o[nf]*:*:* | 1:lost:*:* | 1:away:*:*) \builtin export AWSENV_STATE="$__awsenv_text" ;;
    *) \builtin printf '%s\n' "$__awsenv_text" ;;
  esac
  __awsenv_ok() { \builtin return 1; }
  __awsenv_hook() { __awsenv_prompted; }
}

# For `awsenv doctor`, what a program cannot see of this shell: what runs before a prompt, and in which order.
__awsenv_report() {
  \builtin printf '%s\n' "shell bash $BASH_VERSION" "hook ${__awsenv_text-}" "also ${BLE_VERSION:+ble}"
  \builtin printf 'also %s\n' ${precmd_functions[@]+"${precmd_functions[@]}"}
  \builtin printf 'prompt %s\n' "${STARSHIP_PROMPT_COMMAND-}" ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"}
}

# The program, and then this shell at once: `awsenv allow` takes effect without another prompt.
awsenv() {
  \builtin local __awsenv_status=0
  if [[ ${1-} == use && $BASH_SUBSHELL -eq 0 ]]; then
    __awsenv_use "${@:2}" || __awsenv_status=$?
  elif [[ ${1-} == doctor ]]; then
    AWSENV_SHELL_REPORT=$(__awsenv_report) "$__awsenv_bin" "$@" || __awsenv_status=$?
  else
    "$__awsenv_bin" "$@" || __awsenv_status=$?
  fi
  [[ $BASH_SUBSHELL -gt 0 ]] || __awsenv_check || \builtin :
  \builtin return "$__awsenv_status"
}

# First in line, so that prompts are drawn from the new environment. As an array (bash 5.1) every entry sees
# the user's own $? and PIPESTATUS.
if [[ -n ${BLE_VERSION-} ]]; then
  blehook PRECMD!=__awsenv_hook PREEXEC!=__awsenv_preexec
elif [[ ${BASH_VERSINFO[0]} -gt 5 || (${BASH_VERSINFO[0]} -eq 5 && ${BASH_VERSINFO[1]} -ge 1) ]]; then
  if [[ " ${PROMPT_COMMAND[*]-} " != *__awsenv_hook* ]]; then
    PROMPT_COMMAND=(__awsenv_hook ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"})
  fi
elif [[ ";${PROMPT_COMMAND-};" != *";__awsenv_hook;"* ]]; then
  PROMPT_COMMAND="__awsenv_hook${PROMPT_COMMAND:+;$PROMPT_COMMAND}"
fi
