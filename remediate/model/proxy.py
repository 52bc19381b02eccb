"""The address of a proxy, as a person gives it."""

import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

NO_PROXY = "none"

_SERVER = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}")


def _proxy_server(value: str) -> str:
    """Check a proxy, or `none`.

    Raises:
        PydanticCustomError: it is not HOST:PORT; of type `secret`, where it must not be shown.
    """
    if "@" in value:
        msg = "a proxy with an account is not taken, as all could read its password: give HOST:PORT"
        raise PydanticCustomError("secret", msg)
    if value != NO_PROXY and not _SERVER.fullmatch(value):
        msg = "give HOST:PORT, such as proxy.contoso.com:8080, or none"
        raise PydanticCustomError("proxy", msg)
    return value


ProxyServer = Annotated[str, AfterValidator(_proxy_server)]
"""HOST:PORT, or `none`; never an account."""
