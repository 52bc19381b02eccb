"""A password that must appear nowhere, and how to find it in whatever form."""

import base64
import html
import json
from pathlib import Path

from remediate.lab.host import LabHost
from remediate.lab.server.auth import LabAccount
from tests.faults import received

CANARY = "C@nary-7f3a'\"&<$(é) w0rd"
"""With all that some escaping changes."""
USER = "labadmin"
ACCOUNT = LabAccount(USER, CANARY)


def forms(secret: str = CANARY) -> frozenset[bytes]:
    """The secret as text and bytes may hold it."""
    texts = {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], html.escape(secret)}
    texts |= {html.escape(secret, quote=False), f"{USER}:{secret}"}
    plain = {text.encode(code) for text in texts for code in ("utf-8", "utf-16-le", "latin-1")}
    coded = {base64.b64encode(form) for form in plain}
    return frozenset(plain | coded | {form.hex().encode() for form in plain})


FORMS = forms()


def seen_in(data: bytes | str, them: frozenset[bytes] = FORMS) -> bool:
    """Whether the canary is in there, or forms of another one."""
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    return any(form in data for form in them)


def files_with_it(folder: Path) -> list[Path]:
    """The files below a folder that hold it."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path for path in files if seen_in(path.read_bytes())]


def command_lines() -> list[str]:
    """The command line of every process of this machine; none where there is no /proc."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue  # it has ended
    return found


def sent_in_clear(host: LabHost) -> list[str]:
    """What a host was sent with the canary in it: all but the header of Basic."""
    found = []
    for exchange in list(host.trace):
        headers = dict(exchange.headers)
        if headers.get("authorization", "").startswith("Basic "):
            del headers["authorization"]
        if seen_in(repr(headers)) or seen_in(exchange.wire) or seen_in(clear(exchange)):
            found.append(repr(exchange))
    return found


clear = received.clear_text
