//! Programs in awsenv's place: each counts how often the hook asks, and then answers in its own way.
//! `@AWSENV@` is the real one, `@T@` the scratch directory. What waits, waits for `@T@/gate`, a FIFO that
//! nobody opens before the story does, and says `<waiting>` first.

/// The real one.
pub const HONEST: &str = r#"#!/bin/sh
[ "$1" = export ] && echo "${6-first}" >>@T@/exports
exec @AWSENV@ "$@"
"#;

/// Slow before it answers.
pub const SLOW: &str = r#"#!/bin/sh
[ "$1" = export ] || exec @AWSENV@ "$@"
echo "${6-first}" >>@T@/exports
echo '<waiting>' >&2
read -r _ <@T@/gate
exec @AWSENV@ "$@"
"#;

/// Prints the first half of the answer, and the rest late.
pub const SLOW_IN_THE_MIDDLE: &str = r#"#!/bin/sh
[ "$1" = export ] || exec @AWSENV@ "$@"
echo "${6-first}" >>@T@/exports
@AWSENV@ "$@" >@T@/answer
head -c $(($(wc -c <@T@/answer) / 2)) @T@/answer
echo '<waiting>' >&2
read -r _ <@T@/gate
"#;

/// Prints all but the guard, and that late.
pub const SLOW_BEFORE_THE_GUARD: &str = r#"#!/bin/sh
[ "$1" = export ] || exec @AWSENV@ "$@"
echo "${6-first}" >>@T@/exports
@AWSENV@ "$@" >@T@/answer
sed '$d' @T@/answer
echo '<waiting>' >&2
read -r _ <@T@/gate
"#;

/// Answers at once and in full, and says that more is to come; that is slow.
pub const SLOW_SECOND_PHASE: &str = r#"#!/bin/sh
[ "$1" = export ] || exec @AWSENV@ "$@"
echo "${6-first}" >>@T@/exports
if [ "$6" = wait ]; then
  echo '<waiting>' >&2
  read -r _ <@T@/gate
else
  case $2 in
    fish) echo 'set -g __awsenv_pending 1' ;;
    xonsh | nu) @AWSENV@ "$@" | sed '1s/^{/{"pending":true,/'; exit ;;
    elvish) echo 'put pending' ;;
    tcsh) printf 'set __awsenv_pending = 1 ; ' ;;
    *) echo '__awsenv_pending=1' ;;
  esac
  exec @AWSENV@ "$@"
fi
"#;

/// Says that more is to come, and the second answer is the real one.
pub const TWO_PHASES: &str = r#"#!/bin/sh
[ "$1" = export ] || exec @AWSENV@ "$@"
echo "${6-first}" >>@T@/exports
if [ "$6" = wait ]; then
  exec @AWSENV@ export "$2" "$3" "$4" "$5"
else
  case $2 in
    fish) echo 'set -g __awsenv_pending 1; function __awsenv_ok; return 1; end' ;;
    xonsh | nu) echo '{"pending":true,"guard":{"never":true}}' ;;
    elvish) echo 'put pending; put answered' ;;
    tcsh) echo 'set __awsenv_pending = 1 __awsenv_asking = 0' ;;
    *) echo '__awsenv_pending=1; __awsenv_ok() { return 1; }' ;;
  esac
fi
"#;

/// Crashes after as many bytes as `@T@/cut` says.
pub const CUT: &str = r#"#!/bin/sh
[ "$1" = export ] || exec @AWSENV@ "$@"
echo "${6-first}" >>@T@/exports
@AWSENV@ "$@" >@T@/answer
head -c "$(cat @T@/cut)" @T@/answer
kill -9 $$
"#;

/// Answers nothing, and fails.
pub const SILENT: &str = r#"#!/bin/sh
[ "$1" = export ] || exec @AWSENV@ "$@"
echo "${6-first}" >>@T@/exports
exit 1
"#;

/// Answers with a guard that lacks the term for the token, and whose references do not go with it.
pub const BLIND_TO_THE_TOKEN: &str = r#"#!/bin/sh
[ "$1" = export ] || exec @AWSENV@ "$@"
echo "${6-first}" >>@T@/exports
@AWSENV@ "$@" >@T@/answer
mkdir -p @T@/kept && cp -p @T@/run/awsenv/r/* @T@/kept
sed -e "s#-e '@T@/run/awsenv/g/[^']*' && ##g" -e "s#-e '@T@/run/awsenv/g/[^']*' -a ##" \
  -e 's#@T@/run/awsenv/r/#@T@/kept/#g' -e 's|"@T@/run/awsenv/g/[^"]*",\{0,1\}||' \
  -e 's# && -e [^ ]*@T@/run/awsenv/g/[^ ]*##' @T@/answer
"#;

/// Answers with a guard that lacks the terms for files.
pub const BLIND_TO_FILES: &str = r#"#!/bin/sh
[ "$1" = export ] || exec @AWSENV@ "$@"
echo "${6-first}" >>@T@/exports
@AWSENV@ "$@" | sed -e "s# && ! '[^']*' -[no]t '[^']*'##g" -e "s# && '[^']*' -[no]t '[^']*'##g" \
  -e "s# -a ! '[^']*' -[no]t '[^']*'##g" \
  -e "s# && ! -f '[^']*'##g" -e "s#; and not builtin path is -f[^;]*##" \
  -e 's|"files":.*,"links"|"files":[],"links"|' -e 's|"absent":.*,"time"|"absent":[],"time"|' \
  -e 's# && -[MZI] [^ ]* == [0-9]*##g' -e 's# && [^ ]*![^ ]* -f [^ ]*##g'
"#;

/// Answers with a guard that is never true.
pub const NEVER_SURE: &str = r#"#!/bin/sh
[ "$1" = export ] || exec @AWSENV@ "$@"
echo "${6-first}" >>@T@/exports
@AWSENV@ "$@" | sed 's|"guard":.*|"guard":{"never":true}}|'
case $2 in
  fish) echo 'function __awsenv_ok; return 1; end' ;;
  xonsh | nu) ;;
  tcsh) echo "; alias __awsenv_ok '@ status = 1'" ;;
  *) echo '__awsenv_ok() { return 1; }; __awsenv_hook() { __awsenv_check; }' ;;
esac
"#;

/// Quotes nothing.
pub const UNQUOTED: &str = r#"#!/bin/sh
case $2 in
  fish) echo "set -gx RUN (touch pwned)" ;;
  elvish) echo "nop (touch pwned)" ;;
  tcsh) echo 'setenv RUN `touch pwned`' ;;
  *) echo "export RUN=${5##*/}" ;;
esac
echo "${6-first}" >>@T@/exports
"#;
