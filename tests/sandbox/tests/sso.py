"""botocore against the sandbox's sign-in and portal: what it is given and refused, one line each.

usage: sso.py URL ACCESS_TOKEN
"""

import base64
import hashlib
import sys
import urllib.parse
import urllib.request

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

URL, TOKEN = sys.argv[1:]
START = "https://acme.awsapps.com/start"
CALLBACK = "http://127.0.0.1:8400/oauth/callback"
VERIFIER = "0123456789-._~" * 4


def client(service):
    config = Config(retries={"max_attempts": 0}, signature_version=UNSIGNED)
    return boto3.client(service, endpoint_url=URL, region_name="us-east-1", config=config)


def refused(what, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        print(f"{what}: {status} {error.response['Error']['Code']} {error.response.get('error', '')}".rstrip())
    else:
        print(f"{what}: NOT REFUSED")


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def authorize(client_id, challenge):
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": CALLBACK,
        "state": "mine",
        "code_challenge_method": "S256",
        "scopes": "sso:account:access",
        "code_challenge": challenge,
    }
    try:
        urllib.request.build_opener(Stay).open(f"{URL}/authorize?{urllib.parse.urlencode(query)}")
    except urllib.error.HTTPError as error:
        return urllib.parse.parse_qs(urllib.parse.urlparse(error.headers["Location"]).query)


oidc = client("sso-oidc")
device = oidc.register_client(clientName="me", clientType="public", scopes=["sso:account:access"])
of_device = {name: device[name] for name in ("clientId", "clientSecret")}
begun = oidc.start_device_authorization(startUrl=START, **of_device)
print("device:", begun["expiresIn"], begun["interval"], begun["userCode"] in begun["verificationUriComplete"])
grant = "urn:ietf:params:oauth:grant-type:device_code"
token = oidc.create_token(grantType=grant, deviceCode=begun["deviceCode"], **of_device)
print("token:", token["tokenType"], token["expiresIn"])
refused("code again", oidc.create_token, grantType=grant, deviceCode=begun["deviceCode"], **of_device)
refused("wrong secret", oidc.create_token, grantType=grant, deviceCode="x", clientId=device["clientId"], clientSecret="x")
refused("other portal", oidc.start_device_authorization, startUrl="https://x.awsapps.com/start", **of_device)

refresh = {"grantType": "refresh_token", "refreshToken": token["refreshToken"]}
renewed = oidc.create_token(**refresh, **of_device)
print("renewed:", renewed["refreshToken"] != token["refreshToken"])
refused("refresh token again", oidc.create_token, **refresh, **of_device)

register = {"clientName": "me", "clientType": "public", "issuerUrl": START, "scopes": ["sso:account:access"]}
register["grantTypes"] = ["authorization_code", "refresh_token"]
refused("with a port", oidc.register_client, redirectUris=[CALLBACK], **register)
refused("scope", oidc.register_client, clientName="me", clientType="public", scopes=["admin"])
browser = oidc.register_client(redirectUris=["http://127.0.0.1/oauth/callback"], **register)
of_browser = {name: browser[name] for name in ("clientId", "clientSecret")}
digest = hashlib.sha256(VERIFIER.encode()).digest()
challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
code = {"grantType": "authorization_code", "redirectUri": CALLBACK}
back = authorize(browser["clientId"], challenge)
print("back:", back["state"])
code["code"] = back["code"][0]
refused("verifier", oidc.create_token, codeVerifier=VERIFIER[::-1], **code, **of_browser)
refused("code was used", oidc.create_token, codeVerifier=VERIFIER, **code, **of_browser)
code["code"] = authorize(browser["clientId"], challenge)["code"][0]
print("by browser:", oidc.create_token(codeVerifier=VERIFIER, **code, **of_browser)["tokenType"])

portal = client("sso")
role = portal.get_role_credentials(accountId="111122223333", roleName="Developer", accessToken=TOKEN)["roleCredentials"]
keys = (role["accessKeyId"], role["secretAccessKey"], role["sessionToken"])
print("role:", boto3.client("sts", "us-east-1", None, True, None, URL, *keys).get_caller_identity()["Arn"])
pages = portal.get_paginator("list_accounts").paginate(accessToken=TOKEN, PaginationConfig={"PageSize": 1})
print("accounts:", [account["accountId"] for page in pages for account in page["accountList"]])
roles = portal.list_account_roles(accountId="111122223333", accessToken=TOKEN)["roleList"]
print("roles:", [role["roleName"] for role in roles])
role = {"accountId": "111122223333", "roleName": "Admin"}
refused("no access", portal.get_role_credentials, accessToken=TOKEN, **role)
refused("no token", portal.get_role_credentials, accessToken="x", **role)
portal.logout(accessToken=TOKEN)
refused("after logout", portal.list_accounts, accessToken=TOKEN)
