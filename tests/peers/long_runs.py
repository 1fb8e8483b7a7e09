"""Programs that run longer than their credentials, by the endpoint: of a directory that says so, and of
`exec --endpoint`. AWS is tests/sandbox, whose sessions end after seconds and which verifies every signature.

The planted fault is a directory without it, and exec without it: there, keys in the environment end.
"""

import base64
import json
import subprocess
import tempfile
from pathlib import Path

from peers import HERE
from sandbox import ACCOUNT
from sso import Portal
from world import PATIENCE, World

# Seconds that a session lives.
LIFE = 8
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Deploy"
USER = f"arn:aws:iam::{ACCOUNT}:user/me"
CONFIG = f"""\
[profile base]
aws_access_key_id = AKIAME
aws_secret_access_key = me/secret

[profile acme]
role_arn = {ROLE}
source_profile = base
region = eu-west-1
"""
SCENARIO = {
    "life": LIFE,
    "users": [{"arn": USER, "access_key_id": "AKIAME", "secret_access_key": "me/secret"}],
    "roles": [{"arn": ROLE, "trusts": [USER]}],
}
SAID = f"3 keys of arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/"
# One process a call, by a shell that stays: until there have been three keys.
CLI = """\
until [ "$(sort -u "$1" | wc -l)" -ge 3 ]; do
  arn=$(aws sts get-caller-identity --query Arn --output text) || exit
  aws configure export-credentials --format env-no-export | grep ^AWS_ACCESS_KEY_ID >>"$1"
  sleep 0.5
done
echo "$(sort -u "$1" | wc -l) keys of $arn"
"""


def long_runs(run):
    with tempfile.TemporaryDirectory(prefix="awsenv-peers-") as directory:
        directory = Path(directory)
        sandbox = Portal(run.portal, directory, SCENARIO)
        world = World(sandbox, run.awsenv, run.cache / "bin")
        try:
            roads(run, sandbox, world, directory)
        finally:
            world.awsenv("agent", "stop")
            world.close()
            sandbox.close()


def roads(run, sandbox, world, directory):
    world.write(".aws/config", CONFIG)
    planted = run.checks.planted
    world.project("acme", 'profile = "acme"\n' + ("" if planted else 'deliver = "endpoint"\n'))
    # Those of this AWS alone.
    del world.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
    with world.shell() as shell:
        shell.cd(world.home / "acme")
        output, _ = shell.run("env -0 | base64 -w0")
    inside = environment(output)
    exec_endpoint = ["awsenv", "exec", "acme", *([] if planted else ["--endpoint"]), "--"]
    programs = {
        "boto3": [run.cache / "venv/bin/python", "-B", HERE / "awhile.py"],
        "the AWS CLI": ["sh", "-c", CLI, "sh"],
        "the SDK for JavaScript": ["node", run.cache / "awhile.mjs"],
    }
    for road, words, env in [
        ('deliver = "endpoint"', [], inside),
        ("exec --endpoint", exec_endpoint, world.env),
    ]:
        started = {}
        for name, program in programs.items():
            keys = directory / f"{len(started)}-{len(words)}"
            keys.touch()
            command = [*words, *program, *([keys] if name == "the AWS CLI" else [])]
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
            started[name] = subprocess.Popen(command, env=env, cwd=world.home, **pipes)
        for name, process in started.items():
            output, _ = process.communicate(timeout=PATIENCE)
            fault = None if SAID in output else f"ended with {process.returncode}\n{output}"
            run.checks.check(f"{road}: {name} goes on across the end of two sessions", fault)
    refused = [call for call in map(json.loads, sandbox.log.read_text().splitlines()) if call["status"] != 200]
    run.checks.check("no call was made with what had ended", refused[:3])


def environment(encoded):
    pairs = base64.b64decode("".join(encoded.split())).split(b"\0")
    return dict(pair.decode().split("=", 1) for pair in pairs if pair)
