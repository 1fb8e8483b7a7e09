"""botocore against the sandbox's side of `aws login`: what it is given and refused, one line each.

usage: console.py URL CACHE, the directory of the sessions
"""

import base64
import hashlib
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

import boto3
import botocore.session
from awscrt.crypto import EC, ECType
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import _build_dpop_header
from botocore.exceptions import ClientError

URL, CACHE = sys.argv[1:]
ME = "arn:aws:iam::111122223333:user/me"
CALLBACK = "http://127.0.0.1:8400/oauth/callback"
SAME, CROSS = (f"arn:aws:signin:::devtools/{kind}-device" for kind in ("same", "cross"))
VERIFIER = "0123456789-._~" * 4
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def authorize(**other):
    query = {
        "response_type": "code",
        "client_id": SAME,
        "state": "mine",
        "code_challenge_method": "SHA-256",
        "scope": "openid",
        "redirect_uri": CALLBACK,
        "code_challenge": CHALLENGE,
    } | other
    try:
        page = urllib.request.build_opener(Stay).open(f"{URL}/v1/authorize?{urllib.parse.urlencode(query)}")
        return urllib.parse.parse_qs(base64.b64decode(page.read()).decode())
    except urllib.error.HTTPError as error:
        if error.code != 302:
            return error.code
        return urllib.parse.parse_qs(urllib.parse.urlparse(error.headers["Location"]).query)


def exchange(key, proof=None, **body):
    client = boto3.client(
        "signin",
        endpoint_url=URL,
        region_name="us-east-1",
        config=Config(retries={"max_attempts": 0}, signature_version=UNSIGNED),
    )

    def add(params, **_):
        if key:
            params["headers"]["DPoP"] = proof or _build_dpop_header(key, params["url"])

    client.meta.events.register("before-call.signin.CreateOAuth2Token", add)
    return client.create_o_auth2_token(tokenInput=body)["tokenOutput"]


def refused(what, key, proof=None, **body):
    try:
        exchange(key, proof, **body)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        print(f"{what}: {status} {error.response['Error']['Code']} {error.response.get('error', '')}")
    else:
        print(f"{what}: NOT REFUSED")


def by_code(code, **other):
    body = {"grantType": "authorization_code", "clientId": SAME, "redirectUri": CALLBACK}
    return body | {"code": code, "codeVerifier": VERIFIER} | other


key = EC.new_generate(ECType.P_256)
for what, other in {
    "S256": {"code_challenge_method": "S256"},
    "another callback": {"redirect_uri": "http://127.0.0.1:8400/other"},
    "another client": {"client_id": "me"},
    "confirmation elsewhere": {"client_id": CROSS, "redirect_uri": "https://evil.example/v1/sessions/confirmation"},
}.items():
    print(f"{what}:", authorize(**other))
back = authorize()
print("back:", back["state"])
code = back["code"][0]
refused("verifier", key, **by_code(code, codeVerifier=VERIFIER[::-1]))
refused("code was used", key, **by_code(code))
refused("no proof", None, **by_code(authorize()["code"][0]))
elsewhere = _build_dpop_header(key, "https://evil.example/v1/token")
refused("proof for elsewhere", key, elsewhere, **by_code(authorize()["code"][0]))
refused("old proof", key, _build_dpop_header(key, f"{URL}/v1/token", ts=1), **by_code(authorize()["code"][0]))
proof = _build_dpop_header(key, f"{URL}/v1/token")
refused("tampered proof", key, proof[:-4] + "AAAA", **by_code(authorize()["code"][0]))
given = exchange(key, proof, **by_code(authorize()["code"][0]))
print("given:", given["tokenType"], given["expiresIn"])
refused("proof again", key, proof, **by_code(authorize()["code"][0]))
confirmation = f"{URL}/v1/sessions/confirmation"
shown = authorize(client_id=CROSS, redirect_uri=confirmation)
print("shown:", shown["state"])
remote = by_code(shown["code"][0], clientId=CROSS, redirectUri=confirmation)
print("by hand:", exchange(key, **remote)["tokenType"])

refresh = {"grantType": "refresh_token", "clientId": SAME, "refreshToken": given["refreshToken"]}
refused("another's key", EC.new_generate(ECType.P_256), **refresh)
refused("another client's", key, **(refresh | {"clientId": CROSS}))
renewed = exchange(key, **refresh)
print("renewed:", renewed["refreshToken"] != given["refreshToken"], "idToken" in renewed)
refused("refresh token again", key, **refresh)

# The whole client: keys that have ended, renewed by what the file says.
os.environ.update(AWS_LOGIN_CACHE_DIRECTORY=CACHE, AWS_ENDPOINT_URL=URL, AWS_PROFILE="me", AWS_DEFAULT_REGION="us-east-1")
file = os.path.join(CACHE, hashlib.sha256(ME.encode()).hexdigest() + ".json")
before = json.load(open(file))
session = botocore.session.Session()
print("person:", boto3.Session(botocore_session=session).client("sts").get_caller_identity()["Arn"])
after = json.load(open(file))
print("rotated:", before["refreshToken"] != after["refreshToken"], before["dpopKey"] == after["dpopKey"])
