"""What real AWS clients do in a shell with our hook.

    check.py [--planted-fault | --record] --awsenv PROGRAM --portal PROGRAM --cache DIRECTORY

`--planted-fault` switches the hook off, and every check that is about the hook has to fail; so have those about
a shared sign-in, each program having a cache of its own. `--record` writes
the table of README.md anew.
"""

import argparse
import re
import shlex
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from login import console_sessions
from long_runs import long_runs
from peers import HERE, peers
from rotation import rotation
from sandbox import ACCOUNT, CONTAINER, Sandbox
from sso import sign_ins
from themes import themes
from world import HOOK, World

ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/"
ME = "arn:aws:iam::123456789012:user/me"
TEAM = "arn:aws:iam::123456789012:user/team"
# Who one is outside, and by what: keys of [default], keys in the environment, or a role of the machine's.
OUTSIDE = {
    "keys": ME,
    "environment": TEAM,
    "instance": f"arn:aws:sts::{ACCOUNT}:assumed-role/Instance/",
    "container": f"arn:aws:sts::{ACCOUNT}:assumed-role/Container/",
}

CONFIG = f"""\
[default]
region = us-east-1

[profile team]
region = us-east-1

[profile acme]
role_arn = arn:aws:iam::{ACCOUNT}:role/Deploy
source_profile = base
region = eu-west-1

[profile refused]
role_arn = arn:aws:iam::{ACCOUNT}:role/Refused
source_profile = base
region = eu-west-1

[profile acme-process]
credential_process = awsenv credentials acme --format process
region = eu-west-1

[profile cli-process]
credential_process = aws configure export-credentials --profile acme --format process
region = eu-west-1

[profile machine]
credential_source = Ec2InstanceMetadata
region = eu-west-1

[profile task]
credential_source = EcsContainer
region = eu-west-1
"""
PIN = f'profile = "acme"\naccount = "{ACCOUNT}"\n'
# The states without credentials, and how one gets there.
STATES = {
    "changed": "the file has changed since it was allowed",
    "refused": "STS refuses the session",
    "gone": "the program is gone",
}


class Checks:
    """Counts; with a planted fault, counts the checks that notice it."""

    def __init__(self, planted):
        self.planted = planted
        self.passed = self.failed = 0

    def check(self, what, fault):
        """`fault` is what is wrong, or nothing."""
        if self.planted:
            fault = None if fault else "did not notice the fault"
        if fault:
            self.failed += 1
            print(f"FAILED {what}: {fault}", flush=True)
        else:
            self.passed += 1
            print(f"{'noticed' if self.planted else 'ok     '} {what}", flush=True)

    def check_without_hook(self, what, fault):
        """Nothing that a planted fault is about."""
        if not self.planted:
            self.check(what, fault)


class Asked:
    """A peer's answer, and what reached AWS meanwhile."""

    def __init__(self, peer, output, status, requests, callers):
        self.peer, self.output, self.status = peer, output, status
        self.requests, self.callers = requests, callers

    def not_as(self, arn, served=True):
        """What is wrong if this should have been `arn`, and only that."""
        if not self.callers or not all(caller.startswith(arn) for caller in self.callers):
            return f"called as {sorted(self.callers) or 'nobody'}\n{self.output}"
        if served and (self.status != 0 or (self.peer.served or arn) not in self.output):
            return f"ended with {self.status}\n{self.output}"
        return None

    def not_nobody(self):
        """What is wrong if nothing should have been reached: not AWS, nor the metadata service."""
        if self.requests:
            return f"{[request.what for request in self.requests]} as {sorted(self.callers)}"
        return None if self.status != 0 else f"ended with 0\n{self.output}"


class Story:
    """One world, and shells in it."""

    def __init__(self, run, outer):
        self.run, self.sandbox, self.env = run, run.sandbox, {}
        self.world = World(run.sandbox, run.awsenv, run.cache / "bin")
        keys = {"base": run.me, "team": run.team}
        if outer == "keys":
            keys["default"] = run.me
        if outer == "environment":
            self.env["AWS_ACCESS_KEY_ID"] = run.team["AccessKeyId"]
            self.env["AWS_SECRET_ACCESS_KEY"] = run.team["SecretAccessKey"]
        if outer == "container":
            self.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = run.sandbox.url + CONTAINER
        if run.checks.planted:
            self.env["AWSENV_DISABLE"] = "1"
        sections = [
            f"[{name}]\naws_access_key_id = {key['AccessKeyId']}\n"
            f"aws_secret_access_key = {key['SecretAccessKey']}\n"
            for name, key in keys.items()
        ]
        self.world.write(".aws/credentials", "\n".join(sections))
        self.world.write(".aws/config", CONFIG)
        self.world.project("outside")

    def shell(self, *hooks, **env):
        return self.world.shell(*hooks, **self.env, **env)

    def ask(self, shell, peer, line=None):
        before = len(self.sandbox.requests)
        output, status = shell.run(line or peer.line)
        requests = [request for request in self.sandbox.requests[before:] if not request.is_ours()]
        keys = {request.key for request in requests if request.key}
        callers = {self.sandbox.arn_of(key) for key in keys}
        return Asked(peer, output, status, requests, callers)


class Run:
    """All of it."""

    def __init__(self, awsenv, portal, cache, checks):
        self.awsenv, self.portal, self.cache, self.checks = awsenv, portal, cache, checks
        self.peers = peers(cache)
        self.sandbox = Sandbox()
        self.me, self.team = self.sandbox.user("me"), self.sandbox.user("team")
        self.sandbox.bucket("acme-state")
        self.printed = {}

    @contextmanager
    def story(self, outer="keys"):
        story = Story(self, outer)
        try:
            yield story
        finally:
            story.world.close()

    def all(self):
        for outer in OUTSIDE:
            self.inside_and_outside(outer)
            for state in STATES:
                self.fail_closed(outer, state)
        self.fall_through()
        self.users_own_profile()
        self.exec()
        self.credential_process()
        self.other_sources()
        self.beside_direnv()
        self.prompt_of_starship()
        themes(self.checks, self.awsenv, self.cache)
        rotation(self)
        sign_ins(self)
        console_sessions(self)
        long_runs(self)

    def inside_and_outside(self, outer):
        """Inside, everybody is the role; before and after, whoever one was."""
        own = OUTSIDE[outer]
        with self.story(outer) as story:
            story.world.project("acme", PIN)
            with story.shell() as shell:
                for place, when in [("outside", "before"), ("acme", "inside"), ("outside", "after")]:
                    shell.cd(story.world.home / place)
                    for peer in self.peers:
                        asked = story.ask(shell, peer)
                        if place == "acme":
                            what = f"inside, {peer.name} is the role ({outer} outside)"
                            self.checks.check(what, asked.not_as(ROLE))
                        else:
                            what = f"{when}, {peer.name} is who one was ({outer} outside)"
                            self.checks.check_without_hook(what, asked.not_as(own, served=False))

    def fail_closed(self, outer, state):
        """Nobody reaches anything, though there are keys or an instance role to fall back to."""
        own = OUTSIDE[outer]
        boto3 = self.peers[0]
        with self.story(outer) as story, story.shell() as shell:
            sentence = getattr(self, state)(story, shell)
            for peer in self.peers:
                asked = story.ask(shell, peer)
                what = f"{STATES[state]}: {peer.name} is nobody ({outer} outside)"
                self.checks.check(what, asked.not_nobody())
                self.printed.setdefault((peer.name, state), telling(asked.output, sentence))
            shell.cd(story.world.home / "outside")
            asked = story.ask(shell, boto3)
            what = f"{STATES[state]}: after leaving, boto3 is who one was ({outer} outside)"
            if state == "gone":
                # Nobody brings the originals back; nobody is still right.
                self.checks.check(what.replace("who one was", "nobody"), asked.not_nobody())
                story.world.program.symlink_to(self.awsenv)
                asked = story.ask(shell, boto3, f"cd . ; {boto3.line}")
                what = what.replace("after leaving", "with the program back")
            self.checks.check_without_hook(what, asked.not_as(own))

    def changed(self, story, shell):
        """A `git pull` while one is there."""
        story.world.project("changed", PIN)
        shell.cd(story.world.home / "changed")
        story.world.write("changed/.awsenv", PIN + "# changed\n")
        return self.says(shell.run(":"), "has changed since it was allowed", shell)

    def refused(self, story, shell):
        """The trust policy does not name one."""
        story.world.project("refused", PIN.replace("acme", "refused"))
        said = shell.cd(story.world.home / "refused")
        return self.says(said, "AssumeRole: AccessDenied", shell)

    def gone(self, story, shell):
        """Uninstalled while a shell was open."""
        story.world.project("acme", PIN)
        story.world.project("acme/below")
        shell.cd(story.world.home / "acme")
        story.world.program.unlink()
        said = shell.cd(story.world.home / "acme/below")
        return self.says(said, "no answer, so the credentials are gone", shell)

    def says(self, said, notice, shell):
        """The notice was there; the sentence that is left for others."""
        output, _ = said
        self.checks.check(f"the shell says: {notice}", None if notice in output else repr(output))
        sentence, _ = shell.run("printenv AWS_PROFILE")
        return sentence.strip()

    def fall_through(self):
        """The metadata service is a trap that works: without us, these peers go into it."""
        with self.story("instance") as story, story.shell() as shell:
            for peer in self.peers:
                asked = story.ask(shell, peer, f"AWS_PROFILE=nobody {peer.line}")
                fault = None if bool(asked.requests) == peer.falls_through else asked.requests
                keeps = "does not keep" if peer.falls_through else "keeps"
                what = f"AWS_PROFILE alone {keeps} {peer.name} from the instance role"
                self.checks.check_without_hook(what, fault)

    def users_own_profile(self):
        """AWS_PROFILE of the user's, set before: out of the way inside, back afterwards."""
        with self.story() as story:
            story.world.project("acme", PIN)
            with story.shell(AWS_PROFILE="team") as shell:
                for place, when in [("outside", "before"), ("acme", "inside"), ("outside", "after")]:
                    shell.cd(story.world.home / place)
                    for peer in self.peers:
                        asked = story.ask(shell, peer)
                        if place == "acme":
                            what = f"AWS_PROFILE of the user's: inside, {peer.name} is the role"
                            self.checks.check(what, asked.not_as(ROLE))
                        else:
                            what = f"AWS_PROFILE of the user's: {when}, {peer.name} uses it"
                            self.checks.check_without_hook(what, asked.not_as(TEAM, served=False))

    def exec(self):
        """`awsenv exec`, by profile outside, by the file inside, and not where the file has changed."""
        with self.story() as story:
            story.world.project("acme", PIN)
            story.world.project("changed", PIN)
            story.world.write("changed/.awsenv", PIN + "# changed\n")
            with story.shell() as shell:
                for place, words in [("outside", "exec acme"), ("acme", "exec")]:
                    shell.cd(story.world.home / place)
                    for peer in self.peers:
                        asked = story.ask(shell, peer, f"awsenv {words} -- {peer.line}")
                        what = f"awsenv {words}, {peer.name} is the role"
                        self.checks.check_without_hook(what, asked.not_as(ROLE))
                shell.cd(story.world.home / "changed")
                for peer in self.peers:
                    asked = story.ask(shell, peer, f"awsenv exec -- {peer.line}")
                    fault = asked.not_nobody() or (asked.status != 4 and f"ended with {asked.status}")
                    what = f"awsenv exec on a changed file does not start {peer.name}"
                    self.checks.check_without_hook(what, fault)

    def credential_process(self):
        """A profile whose credential_process is awsenv: from AWS_PROFILE outside, by name everywhere."""
        with self.story() as story:
            story.world.project("acme", PIN)
            story.world.project("refused", PIN.replace("acme", "refused"))
            with story.shell() as shell:
                shell.cd(story.world.home / "outside")
                for peer in self.peers:
                    asked = story.ask(shell, peer, f"AWS_PROFILE=acme-process {peer.line}")
                    what = f"AWS_PROFILE of a credential_process, {peer.name} is the role"
                    self.checks.check_without_hook(what, asked.not_as(ROLE))
                for place in ["outside", "acme", "refused"]:
                    shell.cd(story.world.home / place)
                    for peer in filter(lambda peer: peer.takes_profile, self.peers):
                        asked = story.ask(shell, peer, f"{peer.line} --profile acme-process")
                        what = f"--profile of a credential_process, {peer.name} is the role in {place}"
                        self.checks.check_without_hook(what, asked.not_as(ROLE))

    def other_sources(self):
        """Inside a directory whose profile begins with the AWS CLI, or with the machine's role, every peer is that."""
        sources = {
            "cli-process": ("keys", ROLE),
            "machine": ("instance", OUTSIDE["instance"]),
            "task": ("container", OUTSIDE["container"]),
        }
        for profile, (outer, arn) in sources.items():
            with self.story(outer) as story:
                story.world.project(profile, f'profile = "{profile}"\n')
                # In a shell that is somebody else by its environment.
                keys = {
                    "AWS_ACCESS_KEY_ID": self.team["AccessKeyId"],
                    "AWS_SECRET_ACCESS_KEY": self.team["SecretAccessKey"],
                }
                with story.shell(**keys) as shell:
                    shell.cd(story.world.home / profile)
                    for peer in self.peers:
                        asked = story.ask(shell, peer)
                        fault = asked.not_as(arn, served=profile == "cli-process")
                        self.checks.check(f"inside, by {profile}, {peer.name} is who that gives", fault)

    def beside_direnv(self):
        """Two hooks in one shell, whichever comes first."""
        boto3 = self.peers[0]
        direnv = 'eval "$(direnv hook bash)"'
        for name, hooks in [("awsenv first", (HOOK, direnv)), ("direnv first", (direnv, HOOK))]:
            with self.story() as story:
                story.world.project("acme", PIN)
                story.world.write("acme/.envrc", "export PEERS_VARIABLE=here\n")
                with story.shell(*hooks) as shell:
                    shell.run(f"direnv allow {shlex.quote(str(story.world.home / 'acme'))}")
                    variable = "${PEERS_VARIABLE-unset}"
                    for place, expected, arn in [
                        ("acme", "here", ROLE),
                        ("outside", "unset", ME),
                        ("acme", "here", ROLE),
                    ]:
                        shell.cd(story.world.home / place)
                        output, _ = shell.run(f'echo "{variable}"')
                        fault = None if output == f"{expected}\n" else repr(output)
                        what = f"{name}: direnv's variable is {expected} in {place}"
                        self.checks.check_without_hook(what, fault)
                        fault = story.ask(shell, boto3).not_as(arn)
                        what = f"{name}: boto3 in {place} is {'the role' if arn == ROLE else 'me'}"
                        if arn == ROLE:
                            self.checks.check(what, fault)
                        else:
                            self.checks.check_without_hook(what, fault)

    def prompt_of_starship(self):
        """starship shows the name, the region and what is left."""
        with self.story() as story:
            story.world.project("acme", PIN)
            with story.shell() as shell:
                shell.cd(story.world.home / "acme")
                output, _ = shell.run("starship module aws")
                shown = re.search(r"on .*acme \(eu-west-1\) \[(1h0m0s|59m\d+s)\]", output)
                self.checks.check("starship shows name, region and expiry", None if shown else repr(output))
                shell.cd(story.world.home / "outside")
                output, _ = shell.run("starship module aws")
                fault = repr(output) if "acme" in output or "eu-west-1" in output else None
                self.checks.check_without_hook("starship shows nothing of ours outside", fault)

    def versions(self):
        """Name and version of each peer."""
        path = {"PATH": f"{self.cache / 'bin'}:{subprocess.os.environ['PATH']}", "HOME": "/nonexistent"}
        found = {}
        for peer in self.peers:
            said = subprocess.run(peer.version, env=path, capture_output=True, text=True, check=True)
            found[peer.name] = re.search(r"\d+\.\d+[.\d]*", said.stdout)[0]
        return found

    def table(self):
        """What each peer printed where it was nobody, for README.md."""
        lines = ["| peer | " + " | ".join(STATES.values()) + " |", "|---|" + "---|" * len(STATES)]
        for name, version in self.versions().items():
            cells = [self.printed[name, state] for state in STATES]
            lines.append(f"| {name} {version} | " + " | ".join(cells) + " |")
        return "\n".join(lines)


def telling(output, sentence):
    """The line with the sentence, else the last one, as a cell of a table."""
    lines = [line.strip(" │╷╵") for line in output.splitlines()]
    lines = [re.sub(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", "", line) for line in lines if line]
    seen = [line for line in lines if sentence and sentence in line]
    line = (seen or lines or ["nothing"])[-1].replace("|", "\\|").replace("`", "'")
    return f"{'yes' if seen else '**no**'}: `{shortened(line, sentence if seen else line[:80])}`"


def shortened(line, middle):
    """What stands round the part that matters."""
    begin = line.index(middle)
    first, last = max(0, begin - 80), begin + len(middle) + 60
    return ("…" if first else "") + line[first:last] + ("…" if last < len(line) else "")


def compare_readme(checks, table, record):
    """The table of README.md is what came out today."""
    readme = HERE / "README.md"
    text = readme.read_text()
    before, begin, rest = text.partition("<!-- table -->\n")
    recorded, end, after = rest.partition("\n<!-- end -->\n")
    if record and begin and end:
        readme.write_text(before + begin + table + end + after)
    else:
        fault = None if recorded == table else f"it is not what came out; see --record:\n{table}"
        checks.check("README.md says what the peers print", fault)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--planted-fault", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--awsenv", type=Path, required=True)
    parser.add_argument("--portal", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    checks = Checks(options.planted_fault)
    run = Run(*(path.resolve() for path in (options.awsenv, options.portal, options.cache)), checks)
    run.all()
    if not options.planted_fault:
        compare_readme(checks, run.table(), options.record)
    run.sandbox.close()
    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(checks.failed != 0)


if __name__ == "__main__":
    main()
