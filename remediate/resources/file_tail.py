"""The end of a file, as a host sends it."""

from base64 import b64decode
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

FILE_TAIL_READER = Path(__file__).with_suffix(".read.ps1")
"""`Get-RemediateFileTail`, which reads it."""


MOST = 512 * 1024
"""Bytes of an end that can be asked for."""

_LETTERS = (MOST + 2) * 4 // 3 + 4


def _base64(text: str) -> str:
    b64decode(text, validate=True)
    return text


Tail = Annotated[str, Field(max_length=_LETTERS), AfterValidator(_base64)]
"""Bytes as Base64; what is none, or longer, was not sent by our reader."""
