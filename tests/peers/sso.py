"""One sign-in for awsenv and the AWS CLI, in the CLI's cache: each takes what the other one wrote, both renew it,
and both at the same instant. The portal is tests/sandbox, which takes a refresh token once.

The planted fault is a cache of awsenv's own (`sso_cache = "sealed"`).
"""

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from peers import HERE
from sandbox import ACCOUNT
from visit import visit
from world import PATIENCE, World

START_URL = "https://acme.awsapps.com/start"
CONFIG = f"""\
[sso-session corp]
sso_start_url = {START_URL}
sso_region = us-east-1
sso_registration_scopes = sso:account:access

[profile dev]
region = eu-west-1
sso_session = corp
sso_account_id = {ACCOUNT}
sso_role_name = Developer
"""
# `sha1("corp")`
TOKEN = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json"
FIELDS = ["startUrl", "region", "accessToken", "expiresAt"]
FIELDS += ["clientId", "clientSecret", "registrationExpiresAt", "refreshToken"]
SCENARIO = {
    "portal": {
        "start_url": START_URL,
        "accounts": [{"id": ACCOUNT, "name": "dev", "roles": ["Developer"]}],
    }
}
CLI_LOGIN = ["aws", "sso", "login", "--sso-session", "corp", "--no-browser"]
AWSENV_LOGIN = ["awsenv", "login", "dev"]
# So often both renew at the same instant.
ROUNDS = 6


@dataclass(frozen=True)
class Program:
    """One of the two: what it is asked, and what it then says as the role."""

    name: str
    command: tuple
    said: str


WHO = ("sts", "get-caller-identity", "--profile", "dev", "--query", "Arn", "--output", "text")
CLI = Program("the AWS CLI", ("aws", *WHO), ":assumed-role/AWSReservedSSO_Developer_")
AWSENV = Program("awsenv", ("awsenv", "credentials", "dev", "--format", "env"), "AWS_ACCESS_KEY_ID='ASIA")


class Portal:
    """tests/sandbox, where whoever is asked consents at once. Runs until `close`."""

    def __init__(self, program, directory, scenario):
        path, self.log = directory / "scenario.json", directory / "calls"
        path.write_text(json.dumps(scenario))
        command = [program, "--scenario", path, "--log", self.log]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["url"]

    def meet(self, operation):
        """The next two calls of it are answered once both are there."""
        self.process.stdin.write(f"meet {operation}\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def renewals(self):
        """How the portal answered each."""
        calls = map(json.loads, self.log.read_text().splitlines())
        return [call["status"] for call in calls if call["parameters"].get("grantType") == "refresh_token"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Story:
    """A home, whose sign-in two programs share."""

    scenario = SCENARIO
    config = CONFIG
    token = TOKEN
    fields = FIELDS
    # What renews it.
    call = "CreateToken"
    refusal = 400
    cli = CLI

    def __init__(self, run, portal):
        self.portal, self.world = portal, World(portal, run.awsenv, run.cache / "bin")
        self.world.write(".aws/config", self.config)
        settings = f"browser = \"'{sys.executable}' -IB '{HERE / 'visit.py'}'\"\n"
        if run.checks.planted:
            settings += 'sso_cache = "sealed"\n'
        self.world.write(".config/awsenv/config.toml", settings)
        self.path = self.world.home / self.token

    def start(self, command):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, env=self.world.env, cwd=self.world.home, **pipes)

    def end(self, process, said=""):
        """What is wrong if it should have said this."""
        output, _ = process.communicate(timeout=PATIENCE)
        if process.returncode or said not in output:
            return f"ended with {process.returncode}\n{output}"
        return None

    def not_signed_in(self, command):
        """What is wrong if this should sign in, with a person who opens what it prints."""
        process = self.start(command)
        if "--no-browser" in command and "--use-device-code" not in command:
            lines = iter(process.stdout.readline, "")
            address = next((line.strip() for line in lines if "/authorize?" in line), None)
            if address:
                visit(address)
        return self.end(process)

    def not_served(self, program):
        """What is wrong if this should be the role, by the sign-in that there is."""
        self.forget_roles()
        return self.end(self.start(program.command), program.said)

    def forget_roles(self):
        """What both keep of roles is no sign-in."""
        for file in self.world.home.glob(".aws/cli/cache/*.json"):
            file.unlink()
        self.world.awsenv("session", "clear")

    def expire(self):
        """For those who look at the file, the token has ended."""
        if self.path.exists():
            token = json.loads(self.path.read_text())
            self.ending(token)["expiresAt"] = "2020-01-01T00:00:00Z"
            self.path.write_text(json.dumps(token))

    def ending(self, token):
        """What of a token says when it ends."""
        return token

    def not_whole(self):
        """What is wrong with the file, for whoever reads it next."""
        if not self.path.exists():
            return "there is no token"
        token, mode = json.loads(self.path.read_text()), self.path.stat().st_mode & 0o777
        fields = [name for name in token if name != "signInRegion"]
        return None if fields == self.fields and mode == 0o600 else f"{mode:o}, {list(token)}"

    def not_passed_on(self, giver, taker):
        """What is wrong if one should renew the token, and the other one go by that."""
        self.expire()
        before = len(self.portal.renewals())
        fault = self.not_served(giver) or self.not_whole() or self.not_served(taker)
        renewals = self.portal.renewals()[before:]
        return fault or (None if renewals == [200] else f"renewals: {renewals}")

    def not_kept(self):
        """What is wrong after both renewed it at the same instant. AWS takes one of the two; the CLI, if it is not
        the one, may fail that once."""
        self.expire()
        self.forget_roles()
        before = len(self.portal.renewals())
        self.portal.meet(self.call)
        theirs, ours = self.start(self.cli.command), self.start(AWSENV.command)
        theirs.communicate(timeout=PATIENCE)
        fault = self.end(ours, AWSENV.said) or self.not_whole()
        renewals = sorted(self.portal.renewals()[before:])
        if not fault and renewals != [200, self.refusal]:
            fault = f"renewals: {renewals}"
        return fault or self.not_served(self.cli) or self.not_served(AWSENV)


@contextmanager
def story(run, kind=Story):
    with tempfile.TemporaryDirectory(prefix="awsenv-peers-") as directory:
        portal = Portal(run.portal, Path(directory), kind.scenario)
        it = kind(run, portal)
        try:
            yield it
        finally:
            it.world.close()
            portal.close()


def sign_ins(run):
    """By each of the two, in both of its ways; then renewed by one, and by both at once."""
    check = run.checks.check
    for login, code, one, other in [
        (AWSENV_LOGIN, "--device-code", AWSENV, CLI),
        (CLI_LOGIN, "--use-device-code", CLI, AWSENV),
    ]:
        with story(run) as it:
            for words in [login, [*login, code]]:
                it.path.unlink(missing_ok=True)
                fault = it.not_signed_in(words) or it.not_whole() or it.not_served(other)
                check(f"{' '.join(words)}: {other.name} is the role", fault)
            for giver, taker in [(one, other), (other, one)]:
                what = f"{giver.name} renews what {one.name} wrote, and {taker.name} goes by that"
                check(what, it.not_passed_on(giver, taker))
    with story(run) as it:
        fault = it.not_signed_in(CLI_LOGIN) or it.not_served(AWSENV)
        for number in range(1, ROUNDS + 1):
            fault = fault or it.not_kept()
            check(f"both renew at the same instant, nobody signs in anew ({number})", fault)
