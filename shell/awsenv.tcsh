# awsenv for tcsh 6.20 and later. `awsenv hook tcsh` prints this without its comments, after one line that sets
# __awsenv_bin. It is read by `eval "`awsenv hook tcsh`"`, which makes one line of it all: so there are aliases, each a
# list of commands, and no function, loop or block. Fine to evaluate twice.
#
# After `@ status = X` comes `&&` where X is 0. tcsh takes away a precmd that fails, and a postcmd that evaluates.

# 0: there was an answer. 1: ask the program. 2: an answer is under way, or was cut off. 3: what we set has to go.
# 4: no prompt has come yet, and .tcshrc may go on. 5: the program is to be asked, once who one is has been put away.
set __awsenv_asking = 4 ;
set __awsenv_pending = 0 ;
set __awsenv_quiet = 0 ;
set __awsenv_late = 0 ;
set __awsenv_state = '' ;
set __awsenv_names = '' ;
set __awsenv_precmd = '' ;
set __awsenv_postcmd = '' ;

# Says so to the program once: what .tcshrc has set before is the user's own.
set __awsenv_new = ( new ) ;

# What the prompt shows, and the time by which it was drawn.
set awsenv_prompt = '' ;
set __awsenv_now = 0 ;

# Nothing has changed; how the segment is drawn anew; and, before the program is asked, who one is put away: Ctrl-C ends the
# asking, and what was typed goes on, with nobody's keys then. What has been changed by hand stays, and the answer brings
# back the rest. The program replaces these each time: it writes those of the free slot, which are used once all is said.
set __awsenv_slot = 0 ;
alias __awsenv_ok '@ status = 1' ;
alias __awsenv_draw '@ status = 0' ;
alias __awsenv_away '@ status = 1' ;

# The last thing an answer says.
alias __awsenv_answered
'alias __awsenv_ok __awsenv_ok$__awsenv_slot ;
alias __awsenv_draw __awsenv_draw$__awsenv_slot ;
alias __awsenv_away __awsenv_away$__awsenv_slot ;
@ __awsenv_slot = 1 - $__awsenv_slot ;
set __awsenv_asking = 0 __awsenv_quiet = 0 __awsenv_new = ( )' ;

# The child that runs these reads their words itself: what `$cwd` holds is never text that is read.
alias __awsenv_export '$__awsenv_bin:q export tcsh $$ $tcsh $cwd:q $__awsenv_phase' ;
alias __awsenv_choose '$__awsenv_bin:q use --hook $__awsenv_words[2-]:q' ;

# Secrets pass through the eval, and nowhere else. What it prints goes nowhere: no trace and no echo of it; nor that tcsh
# takes postcmd away, which it does if that calls this. That neither output is a terminal tells the hook, too, that it is
# called from here: tcsh calls postcmd for an eval too. Elsewhere one of them is, if only stderr.
alias __awsenv_ask 'eval "`__awsenv_export`" >& /dev/null' ;

# No answer: nobody knows whose credentials these are, so what we set goes. Needs no process. Where nothing of ours is
# there to take away, a file here may have asked for other credentials than there are. What tcsh may have taken away
# comes back.
alias __awsenv_unload
'alias __awsenv_ok "@ status = 1" ;
set awsenv_prompt = "" __awsenv_state = "" __awsenv_text = "`alias precmd`" ;
if ( "$__awsenv_text:q" !~ *__awsenv_hook* ) alias precmd "$__awsenv_precmd:q" ;
if ( $__awsenv_late == 2 ) alias postcmd "$__awsenv_postcmd:q" ;
@ status = ! $?AWSENV_STATE && set __awsenv_state = "$AWSENV_STATE:q" ;
if ( "$__awsenv_state:q" =~ 1:away:* ) set __awsenv_state = "$__awsenv_state:s/away/on/:q" ;
@ status = ! ( "$__awsenv_state:q" !~ 1:on:* ) && set __awsenv_asking = 1 ;
@ status = ! ( $__awsenv_asking == 1 && ! $__awsenv_quiet && ( -f .awsenv || -f ../.awsenv || -f ../../.awsenv || -f ../../../.awsenv || -f ../../../../.awsenv || -f ../../../../../.awsenv ) ) && set __awsenv_quiet = 1 && echo "awsenv: no answer, so the .awsenv here does not count" >'\!' /dev/tty ;
set __awsenv_names = "$__awsenv_state:s/1:on://:as,:,/,:ah:q" ;
if ( $__awsenv_asking == 3 && "$__awsenv_names:q" !~ *[^A-Za-z0-9_\ ]* ) unsetenv $__awsenv_names:x ;
if ( $__awsenv_asking == 3 ) setenv AWSENV_STATE "$__awsenv_state:s/on/lost/:q" ;
@ status = ! ( $__awsenv_asking == 3 && ( " $__awsenv_names:q " =~ "* AWS_ACCESS_KEY_ID *" || " $__awsenv_names:q " =~ "* AWS_PROFILE *" ) ) && setenv AWS_PROFILE "awsenv did not answer: no credentials" && setenv AWS_EC2_METADATA_DISABLED true ;
@ status = ! ( $__awsenv_asking == 3 ) && set __awsenv_asking = 1 __awsenv_quiet = 1 && echo "awsenv: no answer, so the credentials are gone from this shell" >'\!' /dev/tty' ;

# At a prompt, at a cd and before a command: short, since tcsh reads it anew each time. What phase 1 printed already
# holds; phase 2 waits a little for what it started.
alias __awsenv_hook
'@ status = ( $__awsenv_asking == 0 ) || __awsenv_ok && __awsenv_draw || set __awsenv_asking = 1 ;
@ status = ! ( $__awsenv_asking == 1 && $__awsenv_late == 1 ) && set __awsenv_late = 2 __awsenv_postcmd = "`alias postcmd`" ;
@ status = ! ( $__awsenv_asking == 1 && -x "$__awsenv_bin:q" ) && set __awsenv_asking = 5 __awsenv_phase = ( $__awsenv_new ) && __awsenv_away ;
@ status = ! ( $__awsenv_asking == 5 ) && set __awsenv_asking = 2 __awsenv_pending = 0 && __awsenv_ask ;
@ status = ! ( $__awsenv_asking == 0 && $__awsenv_pending ) && set __awsenv_pending = 0 __awsenv_phase = ( wait ) && __awsenv_ask ;
@ status = ! ( $__awsenv_asking > 0 && $__awsenv_asking < 4 && ( -t 1 || -t 2 ) ) && set __awsenv_asking = 3 && eval "eval __awsenv_unload" >& /dev/null' ;

# How much time is left, for the alias that draws the segment.
alias __awsenv_count
'if ( $__awsenv_left < 0 ) set __awsenv_left = 0 &&
@ __awsenv_minutes = $__awsenv_left / 60 % 60 && @ __awsenv_hours = $__awsenv_left / 3600 && @ __awsenv_days = $__awsenv_left / 86400 &&
set __awsenv_time = " ${__awsenv_left}s" &&
if ( $__awsenv_left >= 60 ) set __awsenv_time = " ${__awsenv_minutes}m" &&
if ( $__awsenv_hours && $__awsenv_minutes < 10 ) set __awsenv_minutes = 0$__awsenv_minutes &&
if ( $__awsenv_hours ) set __awsenv_time = " ${__awsenv_hours}h${__awsenv_minutes}m" &&
if ( $__awsenv_days ) @ __awsenv_hours = $__awsenv_hours % 24 &&
if ( $__awsenv_days ) set __awsenv_time = " ${__awsenv_days}d${__awsenv_hours}h"' ;

# The program stands last, so that it can be piped. What is chosen for this shell comes back as its next state; for any
# eval tcsh calls postcmd, and with it the hook. Whether it is `use` is read off the words as they were typed: what is to
# be evaluated in them is so where the program gets them, and nowhere else. `doctor` is told what a program cannot see of
# this shell: words of ours alone, since other users can read them in the moment before `env` becomes the program.
alias awsenv
'set __awsenv_words = ( \!*:q ) __awsenv_run = ( $__awsenv_bin:q ) __awsenv_text = "" ;
@ __awsenv_use = ( "$__awsenv_words:q " =~ "use *" ) ;
@ __awsenv_doctor = ( "$__awsenv_words:q " =~ "doctor *" ) ;
@ status = ! $__awsenv_use && set __awsenv_words = ( \!* ) && set __awsenv_text = "`__awsenv_choose`" ;
@ __awsenv_status = $status * $__awsenv_use ;
set __awsenv_words = ( ) ;
set __awsenv_before = "`alias precmd`" ;
if ( "$__awsenv_before:q" =~ *__awsenv_hook* ) set __awsenv_before = __awsenv_hook ;
if ( "$__awsenv_before:q" != __awsenv_hook ) set __awsenv_before = "" ;
@ status = ! ( $__awsenv_doctor && $?__awsenv_digest ) && set __awsenv_run = ( env "AWSENV_SHELL_REPORT=shell tcsh ${tcsh};hook ${__awsenv_digest};prompt $__awsenv_before" $__awsenv_bin:q ) ;
@ status = ! ( "$__awsenv_text:q" =~ 1:o[nf]*:*:* || "$__awsenv_text:q" =~ 1:lost:*:* || "$__awsenv_text:q" =~ 1:away:*:* ) && setenv AWSENV_STATE "$__awsenv_text:q" && set __awsenv_text = "" && alias __awsenv_ok "@ status = 1" && eval : ;
@ status = ! ( "$__awsenv_text:q" '\!'= "" ) && printf "%s\n" $__awsenv_text:q ;
@ status = $__awsenv_status && if ( ! $__awsenv_use ) $__awsenv_run:q \!*' ;

# First in line, so that prompts are drawn from the new environment.
set __awsenv_precmd = "`alias precmd`" ;
if ( "$__awsenv_precmd:q" !~ *__awsenv_hook* ) alias precmd 'if ( $__awsenv_asking == 4 ) set __awsenv_asking = 1 ; __awsenv_hook ; '"$__awsenv_precmd:q" ;
set __awsenv_precmd = "`alias precmd`" ;

# On `cd` itself, so that `cd prod && terraform apply` runs as prod.
set __awsenv_text = "`alias cwdcmd`" ;
if ( "$__awsenv_text:q" !~ *__awsenv_hook* ) alias cwdcmd "__awsenv_hook ; $__awsenv_text:q" ;

# Before a command starts: a session may have ended since the prompt was drawn, or Ctrl-C cut an answer off.
set __awsenv_text = "`alias postcmd`" ;
if ( "$__awsenv_text:q" !~ *__awsenv_hook* ) alias postcmd 'set __awsenv_late = 1 ; __awsenv_hook ; if ( $__awsenv_late == 2 ) alias postcmd "$__awsenv_postcmd:q" ; set __awsenv_late = 0 ; '"$__awsenv_text:q" ;
