# awsenv for bash 3.2 and later. `awsenv hook bash` prints this after one line that sets __awsenv_bin.
# Only names that begin with __awsenv are defined, and `awsenv`. No trap is touched. Fine to source twice.
# shellcheck shell=bash
# shellcheck disable=SC2154 # __awsenv_bin is set by that line
# shellcheck disable=SC2034 # exported by a quoted builtin, which shellcheck does not know
# shellcheck disable=SC2317 # the guard is called by name
# shellcheck disable=SC2178,SC2128 # PROMPT_COMMAND is an array or a string, by version

# 0: nothing has changed. 1: ask the program. 75: an answer is under way, or was cut off.
# The program replaces this function each time, as the last thing it prints.
__awsenv_ok() { \builtin return 1; }

# No answer: nobody knows whose credentials these are, so what we set goes. Needs no process.
__awsenv_unload() {
  \builtin local __awsenv_names __awsenv_name IFS=' '
  case ${AWSENV_STATE-} in
    1:on:*) __awsenv_names=${AWSENV_STATE#1:on:} ;;
    *) \builtin return 0 ;;
  esac
  for __awsenv_name in ${__awsenv_names%%:*}; do
    case $__awsenv_name in
      *[!A-Za-z0-9_]*) ;;
      *) \builtin unset -v "$__awsenv_name" ;;
    esac
  done
  # The program learns from the mark that the values went this way, and brings the originals back.
  \builtin export AWSENV_STATE="1:lost:$__awsenv_names"
  \builtin export AWS_PROFILE='awsenv did not answer: no credentials' AWS_EC2_METADATA_DISABLED=true
  \builtin printf 'awsenv: no answer, so the credentials are gone from this shell\n' >&2
}

__awsenv_sync() {
  # Secrets pass through the eval, and nowhere else: no trace, no echo of input, no helper variable.
  \builtin local __awsenv_set=$-
  \builtin set +avx
  __awsenv_ok() { \builtin return 75; }
  __awsenv_pending=
  if [[ -x $__awsenv_bin ]]; then
    \builtin eval "$("$__awsenv_bin" export bash "$$" "$BASH_VERSION" "${PWD-}")"
    if [[ -n $__awsenv_pending ]]; then
      # What phase 1 printed already holds; this waits a little for what it started.
      \builtin eval "$("$__awsenv_bin" export bash "$$" "$BASH_VERSION" "${PWD-}" wait)"
    fi
  fi
  \builtin unset -v __awsenv_pending
  __awsenv_settle
  case $__awsenv_set in *a*) \builtin set -a ;; esac
  case $__awsenv_set in *v*) \builtin set -v ;; esac
  case $__awsenv_set in *x*) \builtin set -x ;; esac
}

# Cut off by Ctrl-C, or no guard came: away with what may be half, and ask again at the next prompt.
__awsenv_settle() {
  __awsenv_ok || {
    [[ $? -eq 75 ]] || \builtin return 0
    __awsenv_unload
    __awsenv_ok() { \builtin return 1; }
  }
}

__awsenv_check() {
  __awsenv_ok || case $? in
    75) __awsenv_settle ;;
    *) __awsenv_sync ;;
  esac
}

__awsenv_hook() {
  \builtin local __awsenv_status=$?
  __awsenv_check || \builtin :
  # With `set -e` a status of the user's, given back here, would end the shell.
  case $- in *e*) \builtin return 0 ;; esac
  \builtin return "$__awsenv_status"
}

# Before a command starts, where something calls preexec functions: a session may have ended meanwhile.
__awsenv_preexec() { __awsenv_check || \builtin :; }

# The program, and then this shell at once: `awsenv allow` takes effect without another prompt.
awsenv() {
  \builtin local __awsenv_status=0
  "$__awsenv_bin" "$@" || __awsenv_status=$?
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
# bash-preexec, loaded before or after this, calls these.
if [[ " ${preexec_functions[*]-} " != *" __awsenv_preexec "* ]]; then
  preexec_functions=(${preexec_functions[@]+"${preexec_functions[@]}"} __awsenv_preexec)
fi
