"""A run that outlives its credentials: boto3 calls until it has signed with three different keys."""

import time

import boto3

sts = boto3.client("sts")
keys = set()
while len(keys) < 3:
    arn = sts.get_caller_identity()["Arn"]
    keys.add(sts._request_signer._credentials.get_frozen_credentials().access_key)
    time.sleep(0.5)
print(f"{len(keys)} keys of {arn}")
