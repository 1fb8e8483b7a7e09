# bash has no hook on a change of directory: with these, `cd prod && terraform apply` runs as prod.
# Printed after awsenv.bash unless the settings say `wrap_cd = false`. A cd function of the user's own is
# kept and called.
# shellcheck shell=bash

__awsenv_wrap() {
  case $(\builtin declare -f "$1") in
    '') \builtin eval "__awsenv_inner_$1() { \\builtin $1 \"\$@\"; }" ;;
    *__awsenv_inner_*) ;;
    *) \builtin eval "__awsenv_inner_$(\builtin declare -f "$1")" ;;
  esac
  \builtin unalias "$1" 2>/dev/null || \builtin :
  \builtin eval "function $1 { __awsenv_inner_$1 \"\$@\" || \\builtin return; __awsenv_moved; }"
}

# Not in a subshell: it would load, print and be gone.
__awsenv_moved() { [[ $BASH_SUBSHELL -gt 0 ]] || __awsenv_check || \builtin :; }

__awsenv_wrap cd
__awsenv_wrap pushd
__awsenv_wrap popd
\builtin unset -f __awsenv_wrap
