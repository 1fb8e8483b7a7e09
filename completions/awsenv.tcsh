# Completions of awsenv for tcsh, in ~/.tcshrc:
#   eval "`awsenv completions tcsh | tail -1`"
# At Tab the program is asked; tcsh tells it what was typed in COMMAND_LINE.
complete awsenv 'p@*@`env AWSENV_COMPLETE=tcsh awsenv --`@'
