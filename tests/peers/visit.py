"""A person's browser: opens an address, and goes where it is sent, all the way back."""

import sys
from urllib.request import ProxyHandler, build_opener


def visit(address):
    return build_opener(ProxyHandler({})).open(address, timeout=60).read().decode()


if __name__ == "__main__":
    visit(sys.argv[1])
