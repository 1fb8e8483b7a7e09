"""A scratch machine: a home, an environment with nothing else in it, and shells on a pty."""

import os
import re
import shlex
import subprocess
import tempfile
import time
from pathlib import Path

import pexpect

# Long enough for the slowest peer on a busy machine; nothing waits for it but a failure.
PATIENCE = 120
PROMPT = re.compile(r"%peers:(\d+)% $")
HOOK = 'eval "$(awsenv hook bash)"'
BACKEND = """\
terraform {
  backend "s3" {
    bucket         = "acme-state"
    key            = "peers.tfstate"
    region         = "us-east-1"
    use_path_style = true
  }
}
"""


def scratch(parent=None):
    # A renewal in the background may still write while it goes.
    return tempfile.TemporaryDirectory(prefix="awsenv-peers-", dir=parent, ignore_cleanup_errors=True)


class World:
    """The home and everything in it go with `close`."""

    def __init__(self, sandbox, awsenv, peers):
        self.directory = scratch()
        root = Path(self.directory.name).resolve()
        # On tmpfs, as systemd makes it: the key that seals what rests on disk needs that.
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.memory = scratch(memory)
        self.home, self.bin = root / "home", root / "bin"
        self.bin.mkdir()
        self.program = self.bin / "awsenv"
        self.program.symlink_to(awsenv)
        self.write(".config/awsenv/config.toml", 'label = "aws-vault"\nwait = "30s"\n')
        self.env = {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_DATA_HOME": str(self.home / ".local/share"),
            "XDG_STATE_HOME": str(self.home / ".local/state"),
            "XDG_RUNTIME_DIR": self.memory.name,
            "PATH": os.pathsep.join([str(self.bin), str(peers), os.environ["PATH"]]),
            "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
            "AWS_ENDPOINT_URL": sandbox.url,
            # s5cmd's SDK is older than that variable.
            "S3_ENDPOINT_URL": sandbox.url,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": sandbox.url,
            # Of the peers: no colours, no pager, no calls home.
            "AWS_PAGER": "",
            "CHECKPOINT_DISABLE": "1",
            "NODE_NO_WARNINGS": "1",
            "NO_COLOR": "1",
            "RCLONE_CONFIG": "/dev/null",
            "STARSHIP_CONFIG": "/dev/null",
            "TF_CLI_ARGS": "-no-color",
        }

    def close(self):
        self.directory.cleanup()
        self.memory.cleanup()

    def write(self, path, text):
        """Writes a file below home, a minute old: an edit of this very instant makes every guard false."""
        path = self.home / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)
        os.utime(path, (time.time() - 60,) * 2)

    def project(self, name, awsenv=None):
        """A directory with a Terraform configuration, and an `.awsenv` that is allowed."""
        self.write(f"{name}/backend.tf", BACKEND)
        if awsenv:
            self.write(f"{name}/.awsenv", awsenv)
            self.awsenv("allow", str(self.home / name))

    def awsenv(self, *arguments):
        command = [self.program, *arguments]
        subprocess.run(command, env=self.env, cwd=self.home, check=True, capture_output=True)

    def shell(self, *hooks, **env):
        """A shell with these lines in its rc file; without any, with our hook."""
        return Shell(self, hooks or [HOOK], env)

    def shown(self, text):
        """Text without what differs from run to run."""
        text = text.replace(str(self.home), "~")
        return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)


class Shell:
    """An interactive bash with a hook, on a pty, at home. It echoes nothing, so that what comes is output."""

    def __init__(self, world, hooks, env):
        lines = ["PS1='%peers:$?% '", "PS2=", *hooks]
        world.write(".rc", "\n".join(lines) + "\n")
        self.process = pexpect.spawn(
            "bash",
            ["--noprofile", "--rcfile", str(world.home / ".rc"), "--noediting", "-i"],
            env={**world.env, **env},
            cwd=str(world.home),
            dimensions=(50, 4000),
            echo=False,
            encoding="utf-8",
            codec_errors="replace",
            timeout=PATIENCE,
        )
        self.started = self.prompt()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.close(force=True)

    def prompt(self):
        self.process.expect(PROMPT)
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.process.before)
        return text.replace("\r\n", "\n"), int(self.process.match[1])

    def run(self, line):
        """What one saw, and `$?`."""
        self.process.sendline(line)
        return self.prompt()

    def cd(self, path):
        return self.run(f"cd {shlex.quote(str(path))}")
