"""The programs that proofs run."""

import os
import pathlib
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]

# By product: the environment variable that names a program built elsewhere.
VARIABLES = {"belfry": "BELFRY_BIN", "belfry-bench": "BELFRY_BENCH"}


def provide(products, anew):
    """Builds what is missing, and names each program in its variable, for this process and its children.

    `anew`: whether a program of this checkout is brought up to date even if it is there. Returns the
    variables that were set already.
    """
    given = [VARIABLES[product] for product in products if os.environ.get(VARIABLES[product])]
    for product in products:
        if VARIABLES[product] in given:
            # Some scripts change the folder.
            os.environ[VARIABLES[product]] = os.path.abspath(os.environ[VARIABLES[product]])
            continue
        path = REPOSITORY / ".build/release" / product
        if anew or not path.exists():
            command = ["swift", "build", "-c", "release", "--product", product]
            subprocess.run(command, cwd=REPOSITORY, stdout=sys.stderr, check=True)
        os.environ[VARIABLES[product]] = str(path)
    return given


def path(product):
    """After `provide`."""
    return os.environ[VARIABLES[product]]
