"""AWS on loopback: moto, behind a door that writes down who came and with whose keys.

Three things are not moto's: a role that nobody may assume (moto lets everybody), and the metadata services
of a machine and of a container that have a role, so that whoever falls through to them is seen.
"""

import io
import json
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs

import boto3
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    create_backend_app,
)
from werkzeug.serving import WSGIRequestHandler, make_server

ACCOUNT = "111122223333"
REFUSED = f"arn:aws:iam::{ACCOUNT}:role/Refused"
METADATA = "/latest/meta-data/iam/security-credentials/"
CONTAINER = "/container/credentials"
DENIED = f"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<Error><Type>Sender</Type><Code>AccessDenied</Code>
<Message>User is not authorized to perform: sts:AssumeRole on resource: {REFUSED}</Message></Error>
<RequestId>00000000-0000-4000-8000-000000000000</RequestId></ErrorResponse>"""


@dataclass(frozen=True)
class Request:
    """One call: the access key id it was signed with, if any, and what it was for."""

    key: str | None
    what: str
    agent: str

    def is_ours(self):
        """awsenv's own call to STS; the peer that uses the same SDK gives its name."""
        rust = self.agent.startswith("aws-sdk-rust/") and "app/peer" not in self.agent
        return rust and self.what in ("AssumeRole", "GetCallerIdentity")


class Quiet(WSGIRequestHandler):
    """The door writes everything down itself."""

    def log(self, type, message, *args):
        pass


class Sandbox:
    """Runs until `close`."""

    def __init__(self):
        self.requests = []
        # Called in the place of moto while it is set.
        self.interposed = None
        self.moto = DomainDispatcherApplication(create_backend_app)
        # The back door is for asking and setting up; what comes through it is not written down.
        self.servers = [self.serve(self.moto), self.serve(self.door)]
        backdoor, self.url = [f"http://127.0.0.1:{server.port}" for server in self.servers]
        self.backdoor = {"endpoint_url": backdoor, "region_name": "us-east-1"}
        root = {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
        self.iam = boto3.client("iam", **root, **self.backdoor)
        self.instance = self.assume_role("Instance", "i-0123456789abcdef0")
        self.container = self.assume_role("Container", "task")

    def serve(self, application):
        server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def close(self):
        for server in self.servers:
            server.shutdown()

    def door(self, environ, start_response):
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        form = self.form(environ)
        what = form.get("Action", [f"{method} {path}"])[0]
        agents = [environ.get(name, "") for name in ("HTTP_USER_AGENT", "HTTP_X_AMZ_USER_AGENT")]
        self.requests.append(Request(signer(environ), what, " ".join(agents)))
        if form.get("RoleArn") == [REFUSED]:
            return answer(start_response, "403 Forbidden", DENIED, "text/xml")
        if path.startswith("/latest/"):
            return self.metadata(method, path, start_response)
        if path == CONTAINER:
            return answer(start_response, "200 OK", document(self.container), "application/json")
        return (self.interposed or self.moto)(environ, start_response)

    def form(self, environ):
        if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
            return {}
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        return parse_qs(body.decode())

    def metadata(self, method, path, start_response):
        if (method, path) == ("PUT", "/latest/api/token"):
            headers = [("x-aws-ec2-metadata-token-ttl-seconds", "21600")]
            return answer(start_response, "200 OK", "token", "text/plain", headers)
        if path == METADATA:
            return answer(start_response, "200 OK", "Instance", "text/plain")
        if path == METADATA + "Instance":
            return answer(start_response, "200 OK", document(self.instance), "application/json")
        return answer(start_response, "404 Not Found", "", "text/plain")

    def user(self, name):
        """A new IAM user's keys."""
        self.iam.create_user(UserName=name)
        return self.iam.create_access_key(UserName=name)["AccessKey"]

    def assume_role(self, role, session):
        root = {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
        sts = boto3.client("sts", **root, **self.backdoor)
        arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
        return sts.assume_role(RoleArn=arn, RoleSessionName=session)["Credentials"]

    def bucket(self, name):
        """A bucket in the account of the roles."""
        keys = self.assume_role("Admin", "setup")
        s3 = boto3.client(
            "s3",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            **self.backdoor,
        )
        s3.create_bucket(Bucket=name)

    def arn_of(self, key):
        """Who signs with this key."""
        keys = {"aws_access_key_id": key, "aws_secret_access_key": "any"}
        return boto3.client("sts", **keys, **self.backdoor).get_caller_identity()["Arn"]


def document(credentials):
    """As the metadata services give them."""
    now = datetime.now(timezone.utc)
    return json.dumps(
        {
            "Code": "Success",
            "Type": "AWS-HMAC",
            "LastUpdated": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Expiration": (now + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "AccessKeyId": credentials["AccessKeyId"],
            "SecretAccessKey": credentials["SecretAccessKey"],
            "Token": credentials["SessionToken"],
        }
    )


def signer(environ):
    """`AWS4-HMAC-SHA256 Credential=KEY/20300101/…`."""
    _, _, credential = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")
    return credential.partition("/")[0] or None


def answer(start_response, status, text, kind, headers=()):
    body = text.encode()
    start_response(
        status, [("Content-Type", kind), ("Content-Length", str(len(body))), *headers]
    )
    return [body]
