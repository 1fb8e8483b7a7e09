"""The peers: how one asks each who one is, and what it needs for that."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TERRAFORM = (
    "terraform init -reconfigure -input=false && terraform workspace list && terraform plan -input=false"
)


@dataclass(frozen=True)
class Peer:
    """A program that finds its own credentials."""

    name: str
    # Asks who one is, or does something that needs to be somebody.
    command: tuple
    # What it says of its version.
    version: tuple
    # What it prints when it was served: the caller's ARN if nothing stands here.
    served: str = ""
    # It can be told a profile on the command line.
    takes_profile: bool = False
    # With AWS_PROFILE of no profile, it asks the metadata service: what AWS_EC2_METADATA_DISABLED is for.
    falls_through: bool = False

    @property
    def line(self):
        return shlex.join(self.command)


def peers(cache):
    """All of them; `cache` is where they were installed."""
    python = [sys.executable, "-I"]
    node = ("node", str(cache / "whoami.mjs"))
    client_sts = f"require('{cache}/node_modules/@aws-sdk/client-sts/package.json')"
    javascript = ("node", "-p", f"{client_sts}.version")
    rust = (str(cache / "rust/target/debug/whoami"),)
    rust_version = ("sed", "-n", '/^name = "aws-config"/{n;p;}', str(cache / "rust/Cargo.lock"))
    rclone = ("rclone", "lsf", ":s3,provider=AWS,env_auth,force_path_style,directory_markers:")
    return [
        Peer(
            "boto3",
            (*python, str(HERE / "whoami.py")),
            (*python, "-c", "import boto3; print(boto3.__version__)"),
            takes_profile=True,
        ),
        Peer(
            "AWS CLI",
            ("aws", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"),
            ("aws", "--version"),
            takes_profile=True,
        ),
        Peer("AWS SDK for JavaScript", node, javascript, takes_profile=True, falls_through=True),
        Peer(
            "the same, region in the code",
            (*node, "--region", "us-east-1"),
            javascript,
            falls_through=True,
        ),
        Peer("AWS SDK for Rust", rust, rust_version, takes_profile=True, falls_through=True),
        Peer("Terraform", ("sh", "-c", TERRAFORM), ("terraform", "version"), served="No changes."),
        Peer("rclone", rclone, ("rclone", "version"), served="acme-state/"),
        Peer("s5cmd", ("s5cmd", "ls"), ("s5cmd", "version"), served="s3://acme-state", falls_through=True),
    ]
