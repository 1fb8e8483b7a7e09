# Completions of awsenv for xonsh, in ~/.config/xonsh/rc.xsh:
#   execx($(awsenv completions xonsh))
# At Tab the program is asked, so that it names what there is at that moment.
def __awsenv_complete():
    import subprocess
    from xonsh.built_ins import XSH
    from xonsh.completers.completer import add_one_completer
    from xonsh.completers.tools import RichCompletion, contextual_command_completer_for

    @contextual_command_completer_for("awsenv")
    def awsenv(context):
        """Completes awsenv."""
        words = [word.value for word in context.args[: context.arg_index]]
        env = dict(XSH.env.detype(), AWSENV_COMPLETE="xonsh")
        try:
            asked = subprocess.run(
                ["awsenv", "--", *words, context.prefix], env=env, capture_output=True, text=True, timeout=5
            )
        except (OSError, subprocess.SubprocessError):
            return None
        lines = [line.partition("\t") for line in asked.stdout.splitlines()]
        return {RichCompletion(word, description=help, append_space=not word.endswith("/")) for word, _, help in lines}

    add_one_completer("awsenv", awsenv, "start")


__awsenv_complete()
del __awsenv_complete
