"""Starts the command line: `python -m remediate`."""

import os
import sys
from contextlib import suppress

# Python puts the working directory first, whoever it belongs to: a click.py there would be ours
with suppress(OSError):  # the folder is gone, and then Python has not put it there
    if not sys.flags.safe_path and sys.path[0] == os.getcwd():  # noqa: PTH109 - as Python does it
        del sys.path[0]

from remediate.cli import main

if __name__ == "__main__":
    main()
