"""The snippets of docs/prompts.md, in the prompts themselves, on a terminal: what they draw in a pinned
directory, and that it is gone outside."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pexpect

PROMPTS = Path(__file__).parents[2] / "docs/prompts.md"
CONFIG = "[profile acme-dev]\nregion = eu-west-1\naws_access_key_id = AKIAACME\naws_secret_access_key = s\n"
# What each shell reads at its start: the hook and the prompt, either of them first.
STARSHIP = {
    "bash": 'eval "$(starship init bash)"',
    "zsh": 'eval "$(starship init zsh)"',
    "fish": "starship init fish | source",
}
PURE = "fpath=({pure} $fpath); autoload -Uz promptinit; promptinit; prompt pure"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\x1b[=>]|[\x01\x02\r]")


def snippet(first_line):
    """A block of it, by the line it begins with."""
    blocks = re.findall(r"```\w+\n(.*?)```", PROMPTS.read_text(), re.S)
    [block] = [block for block in blocks if block.startswith(first_line)]
    return block


def themes(checks, awsenv, cache):
    """Each in each shell that is installed."""
    bash, older = snippet("# bash 5.1 or later").split("# bash before 5.1")
    zsh, fish = snippet("# zsh, and pure"), snippet("# fish")
    stories = [("bash", "bash itself", "PS1='$ '", bash), ("zsh", "zsh itself", "PS1='$ '", zsh)]
    # The older way works in newer ones too.
    before = bash.split("PROMPT_COMMAND")[0] + older.split("\n", 1)[1] + "PS1='$awsenv_segment '$PS1\n"
    stories.append(("bash", "bash, as before 5.1", "PS1='$ '", before))
    stories.append(("fish", "fish itself", "", fish))
    stories.append(("zsh", "pure", PURE.format(pure=cache / "node_modules/pure-prompt"), zsh))
    stories += [(shell, "starship", line, "") for shell, line in STARSHIP.items()]
    for shell, theme, setup, lines in stories:
        if shutil.which(shell) is None:
            continue
        hook = "awsenv hook fish | source" if shell == "fish" else f'eval "$(awsenv hook {shell})"'
        for order, rc in {
            "after the hook": [hook, setup, lines],
            "before the hook": [setup, hook, lines],
        }.items():
            fault = drawn(shell, "\n".join(rc) + "\n", awsenv, cache)
            checks.check_without_hook(f"{theme} in {shell}, set up {order}, shows the segment", fault)


def drawn(shell, rc, awsenv, cache):
    """What is wrong with the prompt of a shell that reads this."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        for name in [".aws", ".config", "acme", "bin", ".run"]:
            (home / name).mkdir()
        (home / ".run").chmod(0o700)
        (home / "bin/awsenv").symlink_to(awsenv)
        (home / ".aws/config").write_text(CONFIG)
        (home / "acme/.awsenv").write_text('profile = "acme-dev"\n')
        (home / ".config/starship.toml").write_text(snippet("[custom.awsenv]"))
        (home / ".zshrc").write_text(rc)
        (home / "rc").write_text(rc)
        path = f"{home / 'bin'}:{cache / 'bin'}:{os.environ['PATH']}"
        env = {"HOME": str(home), "PATH": path, "TERM": "xterm-256color", "LANG": "C.UTF-8", "NO_COLOR": "1"}
        env |= {"XDG_RUNTIME_DIR": str(home / ".run"), "ZDOTDIR": str(home)}
        subprocess.run(["awsenv", "allow", "acme"], env=env, cwd=home, check=True, capture_output=True)
        arguments = {
            "bash": ["--noprofile", "--rcfile", "rc", "-i"],
            "zsh": ["-d", "-i"],
            "fish": ["-i", "-C", "set -g fish_greeting; source rc"],
        }[shell]
        child = pexpect.spawn(shell, arguments, env=env, cwd=home, encoding="utf-8", dimensions=(30, 120))
        try:
            return fault_of(child)
        finally:
            child.close(force=True)


def fault_of(child):
    """Inside the segment comes; outside the next whole prompt has none."""
    try:
        child.sendline("echo rea''dy")
        child.expect("ready", timeout=20)
        child.sendline("cd acme; echo ins''ide")
        child.expect("inside", timeout=20)
        child.expect("acme-dev", timeout=20)
        child.sendline("cd ~; echo out''side")
        child.expect("outside", timeout=20)
        # Typed when the prompt is there, and shown behind it.
        child.sendline("echo la''st")
        child.expect("last", timeout=20)
        prompt = ESCAPES.sub("", child.before)
        return f"still there outside: {prompt!r}" if "acme-dev" in prompt else None
    except (pexpect.TIMEOUT, pexpect.EOF):
        return repr(ESCAPES.sub("", child.before or "")[-400:])
