# `use awsenv [PROFILE]` in an .envrc, for those who stay with direnv: ~/.config/direnv/lib/awsenv.sh. The program decides
# and quotes; here its answer is evaluated, by direnv's bash (3.2 or later).
# shellcheck shell=bash

use_awsenv() {
  local __awsenv_answered='' __awsenv_set=$-
  # As in the hook: the keys pass through the eval, and through no trace, echo of input or DEBUG trap (a function that
  # is called from here inherits none, with functrace off).
  { set +avxT; } 2>/dev/null
  # Under `set -e` half an answer would end the .envrc, and the outer identity come back.
  __awsenv_take "$@" || :
  # Not there, killed, or asked for what it does not know: nobody's keys stay, the user's own neither.
  if [ -z "$__awsenv_answered" ]; then
    unset "${!AWS_@}" AWSENV_PROFILE AWSENV_ACCOUNT AWSENV_EXPIRATION AWSENV_PROTECTED
    export AWS_PROFILE='awsenv did not answer: no credentials' AWS_EC2_METADATA_DISABLED=true
  fi
  case $__awsenv_set in *T*) set -T ;; esac
  case $__awsenv_set in *a*) set -a ;; esac
  case $__awsenv_set in *v*) set -v ;; esac
  case $__awsenv_set in *x*) set -x ;; esac
}

__awsenv_take() {
  # shellcheck disable=SC2154
  eval "$("$__awsenv_bin" direnv "$@")"
}
