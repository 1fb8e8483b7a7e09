# awsenv for xonsh 0.13 and later. `awsenv hook xonsh` prints this after one line that sets __awsenv_bin.
# Plain Python, for exec(). Only names that begin with __awsenv are defined, `awsenv` (an alias) and `awsenv_prompt`.
# Fine to load twice.

import json as __awsenv_json
import os as __awsenv_os
import stat as __awsenv_stat
import subprocess as __awsenv_subprocess
import sys as __awsenv_sys
import time as __awsenv_time

from xonsh import __version__ as __awsenv_version
from xonsh import aliases as __awsenv_aliases
from xonsh.built_ins import XSH as __awsenv_xsh
from xonsh.events import events as __awsenv_events
from xonsh.tools import unthreadable as __awsenv_unthreadable

# What must still be so, as the program has said last: `values`, `empty`, `present`, `files`, `links`, `absent`,
# `time`. Without these it is asked again. None: an answer is under way, or was cut off.
__awsenv_guard = {}

# Says so to the program once: what an rc file has set before is the user's own.
__awsenv_new = True
__awsenv_quiet = False

# What the prompt shows: `before`, `until`, `after`.
__awsenv_segment = {}


# As a child would see it; empty where it is unset.
def __awsenv_value(name):
    return str(__awsenv_xsh.env.get(name, ""))


# Nothing has changed.
def __awsenv_ok():
    guard, stat = __awsenv_guard, __awsenv_os.stat
    if not guard or "never" in guard:
        return False
    if "disabled" in guard:
        return __awsenv_value("AWSENV_DISABLE") != ""
    try:
        if guard["time"] and not guard["time"][0] <= __awsenv_time.time() < guard["time"][1]:
            return False
        for name, value in guard["values"]:
            if __awsenv_value(name) != value:
                return False
        for name in guard["empty"]:
            if __awsenv_value(name):
                return False
        for path in guard["present"]:
            stat(path)
        for path, *state in guard["files"]:
            now = stat(path)
            if state != [now.st_mtime_ns, now.st_size, now.st_ino]:
                return False
        for path, target in guard["links"]:
            if not __awsenv_os.path.samestat(stat(path), stat(target)):
                return False
    except OSError:
        return False
    return not any(map(__awsenv_os.path.isfile, guard["absent"]))


def __awsenv_say(text):
    print("awsenv: no answer, so " + text, file=__awsenv_sys.stderr)


# No answer: nobody knows whose credentials these are, so what we set goes. Needs no process.
def __awsenv_unload():
    global __awsenv_quiet, __awsenv_segment
    __awsenv_segment = {}
    env = __awsenv_xsh.env
    state = __awsenv_value("AWSENV_STATE")
    if not state.startswith(("1:on:", "1:away:")):
        # Nothing of ours to take away; but a file here may have asked for other credentials than there are.
        parts = __awsenv_value("PWD").split("/")
        above = ("/".join(parts[:end]) + "/.awsenv" for end in range(len(parts), 0, -1))
        if not __awsenv_quiet and any(map(__awsenv_os.path.isfile, above)):
            __awsenv_quiet = True
            __awsenv_say("the .awsenv here does not count")
        return
    state = state.split(":", 2)[2]
    names = state.split(":")[0].split(" ")
    for name in names:
        if name in env:
            del env[name]
    # The program learns from the mark that the values went this way, and brings the originals back.
    env["AWSENV_STATE"] = "1:lost:" + state
    if "AWS_ACCESS_KEY_ID" in names or "AWS_PROFILE" in names:
        env["AWS_PROFILE"] = "awsenv did not answer: no credentials"
        env["AWS_EC2_METADATA_DISABLED"] = "true"
    __awsenv_quiet = True
    __awsenv_say("the credentials are gone from this shell")


# Answers whether more is on its way. Secrets pass through here, and stay in no variable.
def __awsenv_ask(*phase):
    global __awsenv_guard, __awsenv_segment
    env = __awsenv_xsh.env
    words = ["export", "xonsh", str(__awsenv_os.getpid()), __awsenv_version, __awsenv_value("PWD"), *phase]
    try:
        asked = __awsenv_subprocess.run(
            [__awsenv_bin, *words], stdout=__awsenv_subprocess.PIPE, env=env.detype()
        )
        answer = __awsenv_json.loads(asked.stdout)
    except (OSError, ValueError):
        return False
    # The state is the first that comes and the last that goes.
    for name, value in answer.get("set", {}).items():
        env[name] = value
    for name in answer.get("unset", ()):
        if name in env:
            del env[name]
    __awsenv_segment = answer.get("segment", {})
    __awsenv_guard = answer.get("guard")
    return "pending" in answer


def __awsenv_sync():
    global __awsenv_guard
    __awsenv_guard = None
    try:
        # What phase 1 said already holds; phase 2 waits a little for what it started.
        if __awsenv_ask(*(["new"] if __awsenv_new else [])):
            __awsenv_ask("wait")
    finally:
        __awsenv_settle()


# Cut off by Ctrl-C, or no guard came: away with what may be half, and ask again at the next prompt.
def __awsenv_settle():
    global __awsenv_guard, __awsenv_new, __awsenv_quiet
    if __awsenv_guard is None:
        __awsenv_unload()
        __awsenv_guard = {}
    else:
        __awsenv_new = __awsenv_quiet = False


def __awsenv_check():
    if __awsenv_guard is None:
        __awsenv_settle()
    elif not __awsenv_ok():
        __awsenv_sync()


# Before the prompt is put together.
def __awsenv_prompted(**_):
    try:
        __awsenv_check()
    except KeyboardInterrupt:
        pass


# On `cd` itself, so that `cd prod && terraform apply` runs as prod. Ctrl-C ends the line.
def __awsenv_moved(**_):
    __awsenv_check()


# Before a command starts: a session may have ended since the prompt was drawn.
def __awsenv_preexec(**_):
    __awsenv_check()


# For a prompt: whose credentials these are, and how long still. No process is started.
def awsenv_prompt():
    before, until, after = (__awsenv_segment.get(part) for part in ("before", "until", "after"))
    left = ""
    if until is not None:
        time = max(until - int(__awsenv_time.time()), 0)
        if time >= 86400:
            left = f" {time // 86400}d{time // 3600 % 24}h"
        elif time >= 3600:
            left = f" {time // 3600}h{time // 60 % 60:02}m"
        elif time >= 60:
            left = f" {time // 60}m"
        else:
            left = f" {time}s"
    return (before or "") + left + (after or "")


# What is chosen for this shell comes back as its next state.
def __awsenv_use(args):
    global __awsenv_guard
    env = __awsenv_xsh.env
    done = __awsenv_subprocess.run(
        [__awsenv_bin, "use", "--hook", *args], stdout=__awsenv_subprocess.PIPE, env=env.detype()
    )
    if done.returncode == 0:
        text = done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")
        if text.startswith(("1:on:", "1:off:", "1:lost:", "1:away:")):
            env["AWSENV_STATE"] = text
        elif text:
            print(text)
        __awsenv_guard = {}
    return done.returncode


# For `awsenv doctor`, what a program cannot see of this shell: what runs before a prompt.
def __awsenv_report():
    handlers = [getattr(handler, "__name__", "") for handler in __awsenv_events.on_pre_prompt_format]
    lines = [f"shell xonsh {__awsenv_version}", f"hook {__awsenv_text}"]
    return {"AWSENV_SHELL_REPORT": "\n".join(lines + [f"prompt {name}" for name in handlers])}


# The program, and then this shell at once: `awsenv allow` takes effect without another prompt.
@__awsenv_unthreadable
def __awsenv_command(args, stdin=None, stdout=None, stderr=None):
    try:
        if args[:1] == ["use"]:
            return __awsenv_use(args[1:])
        env = __awsenv_xsh.env.detype()
        if args[:1] == ["doctor"]:
            env = {**env, **__awsenv_report()}
        return __awsenv_subprocess.run(
            [__awsenv_bin, *args], stdin=stdin, stdout=stdout, stderr=stderr, env=env
        ).returncode
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"awsenv: {__awsenv_bin}: {error.strerror}", file=__awsenv_sys.stderr)
        return 127
    finally:
        __awsenv_check()


# What changes nothing here may stand in a pipeline, where xonsh (before 0.18: nowhere) takes no function that asks a
# person.
def __awsenv_words(args, **_):
    changes = args[:1] in (["use"], ["allow"], ["deny"], ["init"], ["edit"], ["login"], ["logout"], ["refresh"])
    if args[:1] == ["doctor"]:
        # Since 0.23 an alias may say an environment with its words; before, the function does, and in no pipeline.
        if hasattr(__awsenv_aliases, "AliasReturnCommandResult"):
            return {"cmd": [__awsenv_bin, *args], "env": __awsenv_report()}
        changes = True
    return ["__awsenv_command" if changes else __awsenv_bin, *args]


# One of each, however often this is loaded.
def __awsenv_join(event, handler):
    for known in list(event):
        if getattr(known, "__name__", None) == handler.__name__:
            event.discard(known)
    event(handler)


__awsenv_join(__awsenv_events.on_pre_prompt_format, __awsenv_prompted)
__awsenv_join(__awsenv_events.on_chdir, __awsenv_moved)
__awsenv_join(__awsenv_events.on_precommand, __awsenv_preexec)
__awsenv_xsh.aliases["__awsenv_command"] = __awsenv_command
if hasattr(__awsenv_xsh.aliases, "return_command"):
    __awsenv_xsh.aliases["awsenv"] = __awsenv_xsh.aliases.return_command(__awsenv_words)
else:
    __awsenv_xsh.aliases["awsenv"] = __awsenv_command
__awsenv_xsh.env["PROMPT_FIELDS"]["awsenv_prompt"] = awsenv_prompt
