"""One console session for awsenv and the AWS CLI (`aws login`), in the CLI's cache: each takes what the other one
wrote, both renew it, and both at the same instant. The console is tests/sandbox, which wants a proof of the session's
key with each request, and takes a refresh token once.

The planted fault is that of sso.py.
"""

import re
import subprocess

import pexpect
from sso import AWSENV, ROUNDS, WHO, Program, Story, story
from visit import visit
from world import PATIENCE

ME = "arn:aws:iam::111122223333:user/me"
CONFIG = f"""\
[profile dev]
region = eu-west-1
login_session = {ME}
"""
# `sha256(ME)`
TOKEN = ".aws/login/cache/6eeec053fe13079aaf7fd81065ec5ecbdb93674f20700e51842d0c769b240c8a.json"
CLI = Program("the AWS CLI", ("aws", *WHO), f"{ME}\n")
CLI_LOGIN = ["aws", "login", "--profile", "dev"]
AWSENV_LOGIN = ["awsenv", "login", "dev"]
ADDRESS = re.compile(r"http://\S+/v1/authorize\?\S+")


class Console(Story):
    """A home, whose console session two programs share."""

    scenario = {"console": {"person": ME}}
    config = CONFIG
    token = TOKEN
    fields = ["accessToken", "tokenType", "clientId", "refreshToken", "idToken", "dpopKey"]
    call = "CreateOAuth2Token"
    refusal = 403
    cli = CLI

    def ending(self, token):
        return token["accessToken"]

    def not_signed_in(self, command):
        """What is wrong if this should sign in, with a person who opens what it prints, and copies what the page
        shows."""
        if command[0] == "awsenv":
            return self.not_brought_back(command) if "--device-code" in command else super().not_signed_in(command)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        env = {**self.world.env, "BROWSER": "true"}
        process = subprocess.Popen(command, env=env, cwd=self.world.home, **pipes)
        address = next((found[0] for line in process.stdout if (found := ADDRESS.search(line))), None)
        page = visit(address) if address else ""
        output, _ = process.communicate(f"{page}\n" if "--remote" in command else None, timeout=PATIENCE)
        return f"ended with {process.returncode}\n{output}" if process.returncode else None

    def not_brought_back(self, command):
        """The same on a terminal, for awsenv."""
        options = {"env": self.world.env, "cwd": str(self.world.home), "encoding": "utf-8", "timeout": PATIENCE}
        program = pexpect.spawn(str(self.world.program), command[1:], dimensions=(24, 2000), **options)
        if program.expect([ADDRESS, pexpect.EOF]):
            return f"there is no address\n{program.before}"
        page = visit(program.match[0])
        program.expect("in the end: ")
        program.sendline(page)
        program.expect(pexpect.EOF)
        program.close()
        return f"ended with {program.exitstatus}\n{program.before}" if program.exitstatus else None


def console_sessions(run):
    """By each of the two, in both of its ways; then renewed by one, and by both at once."""
    check = run.checks.check
    for login, elsewhere, one, other in [
        (AWSENV_LOGIN, "--device-code", AWSENV, CLI),
        (CLI_LOGIN, "--remote", CLI, AWSENV),
    ]:
        with story(run, Console) as it:
            for words in [login, [*login, elsewhere]]:
                it.path.unlink(missing_ok=True)
                fault = it.not_signed_in(words) or it.not_whole() or it.not_served(other)
                check(f"{' '.join(words)}: {other.name} is who signed in", fault)
            for giver, taker in [(one, other), (other, one)]:
                what = f"{giver.name} renews the console session of {one.name}, and {taker.name} goes by that"
                check(what, it.not_passed_on(giver, taker))
    with story(run, Console) as it:
        fault = it.not_signed_in(CLI_LOGIN) or it.not_served(AWSENV)
        for number in range(1, ROUNDS + 1):
            fault = fault or it.not_kept()
            check(f"both renew the console session at the same instant, nobody signs in anew ({number})", fault)
    with story(run, Console) as it:
        fault = it.not_signed_in(AWSENV_LOGIN) or it.not_whole()
        fault = fault or it.end(it.start(["aws", "logout", "--profile", "dev"]))
        gone = not it.path.exists()
        check("aws logout ends the session of awsenv", fault or (None if gone else "it is there still"))
        fault = it.not_signed_in(CLI_LOGIN) or it.end(it.start(["awsenv", "logout", "dev"]))
        gone = it.not_served(CLI)
        check("awsenv logout ends the session of the AWS CLI", fault or (None if gone else "it is there still"))
