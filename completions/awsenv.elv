# Completions of awsenv for elvish 0.18 and later, in ~/.config/elvish/rc.elv:
#   eval (awsenv completions elvish | slurp)
# At Tab the program is asked, so that it names what there is at that moment.
use str
set edit:completion:arg-completer[awsenv] = {|@words|
  try {
    (external env) AWSENV_COMPLETE=elvish awsenv -- $@words 2>/dev/null | from-lines | each {|line|
      var word help = (str:split &max=2 "\t" $line"\t")
      set help = (str:trim-space $help)
      if (eq $help '') {
        edit:complex-candidate $word
      } else {
        edit:complex-candidate $word &display=$word' ('$help')'
      }
    }
  } catch { }
}
