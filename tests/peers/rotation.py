"""`awsenv key rotate` against moto's IAM, with a fault at each of its calls: at no moment does the keychain hold no
key that IAM honours."""

import json
import re
import subprocess

from moto.iam.models import iam_backends

from sandbox import answer
from world import World

CALLS = [
    "GetCallerIdentity",
    "ListAccessKeys",
    "CreateAccessKey",
    "GetCallerIdentity",
    "UpdateAccessKey",
    "ListAccessKeys",
    "DeleteAccessKey",
    "ListAccessKeys",
]
ACCOUNT = "123456789012"
ERROR = """<ErrorResponse><Error><Type>Receiver</Type><Code>ServiceFailure</Code>
<Message>a fault on purpose</Message></Error><RequestId>0</RequestId></ErrorResponse>"""


class Interposed:
    """Stands between awsenv and moto: looks into the keychain at each call, and answers the `nth` with a fault."""

    def __init__(self, story, nth, fault, times):
        self.story, self.nth, self.fault, self.times = story, nth, fault, times
        self.calls = self.met = 0
        self.without = []

    def __call__(self, environ, start_response):
        call, self.calls = self.calls, self.calls + 1
        self.look(f"before call {call}")
        if call < self.nth or self.met == self.times:
            return self.story.sandbox.moto(environ, start_response)
        self.met += 1
        if self.fault == "before":
            return self.failed(start_response)
        # Whatever moto says, its effect is there.
        body = b"".join(self.story.sandbox.moto(environ, lambda *_: None))
        self.look(f"after call {call}")
        if self.fault == "after":
            return self.failed(start_response)
        # Not half a secret: moto checks no signature, so that nobody but AWS (and tests/sandbox) would notice.
        return answer(start_response, "200 OK", body[: len(body) // 4].decode(), "text/xml")

    def failed(self, start_response):
        return answer(start_response, "500 Internal Server Error", ERROR, "text/xml")

    def look(self, when):
        if not self.story.works():
            self.without.append(when)


class Story:
    """A user at moto, and a home with the user's keys in its keychain."""

    def __init__(self, run, name):
        self.sandbox, self.name = run.sandbox, name
        key = run.sandbox.user(name)
        self.world = World(run.sandbox, run.awsenv, run.cache / "bin")
        self.world.write(".config/awsenv/config.toml", 'passphrase_command = "echo correct horse"\n')
        keys = json.dumps({name: key[name] for name in ("AccessKeyId", "SecretAccessKey")})
        self.awsenv("key", "add", "ci", "--stdin", input=keys)
        self.first = key["AccessKeyId"]

    def awsenv(self, *arguments, input=""):
        command = [self.world.program, *arguments]
        env, home = self.world.env, self.world.home
        return subprocess.run(command, env=env, cwd=home, input=input, capture_output=True, text=True)

    def active(self):
        """What IAM honours: the secrets by their ids."""
        keys = iam_backends[ACCOUNT]["aws"].users[self.name].access_keys
        return {key.access_key_id: key.secret_access_key for key in keys if key.status == "Active"}

    def held(self):
        """What the keychain gives out."""
        printed = self.awsenv("exec", "ci", "--no-session", "--", "env").stdout
        held = dict(line.partition("=")[::2] for line in printed.splitlines())
        return held.get("AWS_ACCESS_KEY_ID"), held.get("AWS_SECRET_ACCESS_KEY")

    def works(self):
        return self.held() in self.active().items()

    def rotate(self, nth=0, fault=None, times=0):
        """How it ended, and the moments without a key that works."""
        self.sandbox.interposed = interposed = Interposed(self, nth, fault, times)
        try:
            return self.awsenv("key", "rotate", "ci"), interposed.without
        finally:
            self.sandbox.interposed = None

    def delete_by_hand(self, said):
        """A key whose secret nobody has, as the hint says."""
        lost = re.search(r"aws iam delete-access-key --access-key-id (\w+)`", said)
        if lost and lost[1] != self.held()[0]:
            self.sandbox.iam.delete_access_key(UserName=self.name, AccessKeyId=lost[1])
        return lost

    def not_whole(self):
        """What is wrong if one key that works should be all there is, and not the first."""
        held, active = self.held(), self.active()
        whole = held in active.items() and len(active) == 1 and self.first not in active
        return None if whole else f"{held[0]} of {list(active)}"


def rotation(run):
    """Without a fault; then at each call, before its effect, after it, and with a torn answer; once, or as
    often as awsenv tries."""
    number = 0
    for nth, fault, times in [(0, None, 0)] + [
        (nth, fault, times)
        for nth in range(len(CALLS))
        for fault in ("before", "after", "torn")
        for times in (1, 3)
    ]:
        number += 1
        story = Story(run, f"rotate{number}")
        try:
            before = len(run.sandbox.requests)
            done, without = story.rotate(nth, fault, times)
            made = [request.what for request in run.sandbox.requests[before:]]
            what = f"key rotate, {times} × {fault} at {CALLS[nth]} ({nth})" if fault else "key rotate"
            wrong = without or (None if story.works() else "no key works after it")
            if not fault:
                wrong = wrong or (made != CALLS and made) or story.not_whole()
            run.checks.check_without_hook(f"{what}: at each moment there is a key", wrong)
            if fault:
                done, without = story.rotate()
                if done.returncode and story.delete_by_hand(done.stderr):
                    done, without = story.rotate()
                wrong = without or (done.returncode and done.stderr) or story.not_whole()
                run.checks.check_without_hook(f"{what}: the next one ends well", wrong)
        finally:
            story.world.close()
