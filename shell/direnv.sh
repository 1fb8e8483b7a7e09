# `use awsenv [PROFILE]` in an .envrc, for those who stay with direnv: ~/.config/direnv/lib/awsenv.sh. The program decides
# shellcheck shell=bash disable=SC2154
# and quotes; here its answer is evaluated, by direnv's bash (3.2 or later).

use_awsenv() {
  local __awsenv_answered='' __awsenv_traced=''
  # A `set -x` in the .envrc would print the keys.
  case $- in *x*)
    { set +x; } 2>/dev/null
    __awsenv_traced=yes
    ;;
  esac
  eval "$("$__awsenv_bin" direnv "$@")"
  # Not there, killed, or asked for what it does not know: nobody's keys stay, the user's own neither.
  if [ -z "$__awsenv_answered" ]; then
    unset "${!AWS_@}"
    export AWS_PROFILE='awsenv did not answer: no credentials' AWS_EC2_METADATA_DISABLED=true
  fi
  # shellcheck disable=SC2030,SC2031
  [ -z "$__awsenv_traced" ] || set -x
}
