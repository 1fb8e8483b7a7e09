"""Who boto3 says one is. `--profile NAME` names a profile, as programs do that are their own masters."""

import sys

import boto3

profile = sys.argv[2] if sys.argv[1:2] == ["--profile"] else None
print(boto3.Session(profile_name=profile).client("sts").get_caller_identity()["Arn"])
