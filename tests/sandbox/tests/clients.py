"""boto3 against the sandbox: what it is given, and what it is refused, one line each.

usage: clients.py URL; the people are those of real_clients.rs.
"""

import datetime
import sys
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL = sys.argv[1]
DEPLOY = "arn:aws:iam::222222222222:role/Deploy"


def sts(key="AKIAME", secret="secret/me", token=None, region="eu-west-1"):
    return boto3.client(
        "sts",
        endpoint_url=URL,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"max_attempts": 0}, parameter_validation=False),
    )


def signed_by(answer):
    credentials = answer["Credentials"]
    return sts(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def assume(client, role=DEPLOY, **more):
    return client.assume_role(RoleArn=role, RoleSessionName="me", **more)


def refused(what, call, *arguments, **more):
    try:
        call(*arguments, **more)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        print(f"{what}: {status} {error.response['Error']['Code']}: {error.response['Error']['Message']}")
    else:
        print(f"{what}: NOT REFUSED")


def given(what, client):
    print(f"{what}: {client.get_caller_identity()['Arn']}")


me = sts()
given("keys", me)
deploy = assume(me, ExternalId="acme", Tags=[{"Key": "team", "Value": "a&b"}], TransitiveTagKeys=["team"])
life = deploy["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
print(f"{deploy['AssumedRoleUser']['Arn']} for {round(life.total_seconds() / 60)} minutes")
given("role", signed_by(deploy))
given("chain", signed_by(assume(signed_by(deploy), "arn:aws:iam::333333333333:role/Inner")))
session = me.get_session_token(SerialNumber="arn:aws:iam::111122223333:mfa/me", TokenCode="111111")
given("mfa session", signed_by(session))
given("mfa role", signed_by(assume(signed_by(session), "arn:aws:iam::222222222222:role/Careful")))

refused("wrong secret", sts(secret="secret/mE").get_caller_identity)
refused("unknown key", sts(key="AKIANOBODY").get_caller_identity)
credentials = deploy["Credentials"]
refused("wrong token", sts(credentials["AccessKeyId"], credentials["SecretAccessKey"], "x").get_caller_identity)
refused("no token", sts(credentials["AccessKeyId"], credentials["SecretAccessKey"]).get_caller_identity)
refused("trust", assume, sts("AKIAYOU", "secret/you"), ExternalId="acme")
refused("no such role", assume, me, "arn:aws:iam::222222222222:role/Nowhere")
refused("wrong external id", assume, me, ExternalId="emca")
refused("no external id", assume, me)
refused("no mfa", assume, me, "arn:aws:iam::222222222222:role/Careful")
mfa = {"SerialNumber": "arn:aws:iam::111122223333:mfa/me"}
refused("wrong code", me.get_session_token, TokenCode="999999", **mfa)
refused("code again", me.get_session_token, TokenCode="111111", **mfa)
refused("other's device", sts("AKIAYOU", "secret/you").get_session_token, TokenCode="222222", **mfa)
refused("session of session", signed_by(session).get_session_token)
refused("long chain", assume, signed_by(session), ExternalId="acme", DurationSeconds=7200)
refused("longer than the role", assume, me, ExternalId="acme", DurationSeconds=14400)
refused("too short", assume, me, ExternalId="acme", DurationSeconds=60)
tags = [{"Key": "team", "Value": "b"}]
refused("tag again", assume, signed_by(deploy), "arn:aws:iam::333333333333:role/Inner", Tags=tags)
refused("policy", assume, me, ExternalId="acme", Policy="{")
try:
    urllib.request.urlopen(URL, data=b"Action=GetCallerIdentity&Version=2011-06-15")
except urllib.error.HTTPError as error:
    print("unsigned:", error.code, "MissingAuthenticationToken" in error.read().decode())
