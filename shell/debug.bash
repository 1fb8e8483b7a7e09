# Plain bash tells nobody that a command is about to start. With `debug_trap = true` in the settings a DEBUG
# trap does: a session that ended while the prompt waited is renewed, or gone, before the next command runs.
# Printed after awsenv.bash. A trap of the user's own goes on behind this one.
# shellcheck shell=bash

# Its argument is $_, which thus stays what it was; the trap itself keeps $? and PIPESTATUS.
__awsenv_debug() { [[ $BASH_SUBSHELL -gt 0 ]] || __awsenv_check || \builtin :; }

# Called with the words of `trap -p DEBUG`, if there is a trap: `-- 'what it runs' DEBUG`.
__awsenv_trap() {
  case ${2-} in
    *__awsenv_debug*) ;;
    *) \builtin trap -- "__awsenv_debug \"\$_\"${2:+$'\n'$2}" DEBUG ;;
  esac
}

__awsenv_found=$(\builtin trap -p DEBUG)
\builtin eval "__awsenv_trap ${__awsenv_found#trap}"
\builtin unset -v __awsenv_found
