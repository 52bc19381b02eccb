"""A KDC of MIT Kerberos on loopback, with a realm of its own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

REALM = "REMEDIATE.TEST"
PASSWORD = "Lab-ada-1"
START_SECONDS = 60
_PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit", "ktutil")
_PLACES = "/usr/sbin:/usr/local/sbin:/sbin"
_CLIENT = """\
[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
[realms]
    {realm} = {{
        kdc = {server}
    }}
[domain_realm]
    .remediate.test = {realm}
"""
_KDC = """\
[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {realm} = {{
        database_name = {folder}/principal
        key_stash_file = {folder}/stash
        acl_file = {folder}/acl
        supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal
        default_principal_flags = +preauth
    }}
[logging]
    kdc = FILE:{folder}/kdc.log
"""
"""Keys of AES only, as Windows has them since 2026."""


def wanting() -> str:
    """What a KDC cannot be started for; empty when nothing is missing."""
    missing = [name for name in _PROGRAMS if not _found(name)]
    for package in ("gssapi", "krb5"):
        try:
            __import__(package)
        except ImportError:
            missing.append(f"the Python package {package}")
    return ", ".join(missing)


@dataclass
class Kdc:
    """Started with `start`, and stopped with `close` on every path.

    Args:
        folder: where its files are.
    """

    folder: Path
    port: int = 0
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def start(self) -> None:
        self.port = _free_port()
        self.profile("krb5.conf")
        self._write("kdc.conf", _KDC.format(realm=REALM, port=self.port, folder=self.folder))
        self.do("kdb5_util", "create", "-s", "-r", REALM, "-P", "lab")
        self._listen()

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def profile(self, name: str, **said: object) -> Path:
        """A krb5.conf for clients; `said` counts more than what is usual."""
        usual = {"realm": REALM, "server": f"127.0.0.1:{self.port}"}
        return self._write(name, _CLIENT.format(**{**usual, **said}))

    def principal(self, name: str, *options: str, password: str | None = PASSWORD) -> None:
        key = ["-randkey"] if password is None else ["-pw", password]
        self.admin("addprinc", *options, *key, name)

    def keytab(self, *names: str) -> Path:
        """A file with the keys of principals, whose passwords stay as they are."""
        path = self.folder / f"{names[0].replace('/', '-')}.keytab"
        if not path.exists():
            for name in names:
                self.admin("ktadd", "-norandkey", "-k", str(path), name)
            path.chmod(0o600)
        return path

    def ticket(self, cache: Path, user: str = "ada") -> None:
        """Put a ticket into a cache, as a person does."""
        self.do("kinit", "-c", f"FILE:{cache}", user, typed=f"{PASSWORD}\n")

    def admin(self, *words: str) -> str:
        return self.do("kadmin.local", "-r", REALM, *words)

    def do(self, program: str, *words: str, typed: str = "", **more: str) -> str:
        done = subprocess.run(
            [_found(program), *words],
            env={**os.environ, **self.environment, **more},
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (program, words, done.stdout, done.stderr)
        return done.stdout

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "KRB5_CONFIG": str(self.folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
            "KRB5CCNAME": f"FILE:{self.folder / 'none'}",
            "KRB5RCACHENAME": "none:",
        }

    def asked(self, what: str = "AS_REQ") -> list[str]:
        """The requests of a kind that it has answered so far, as its log has them."""
        log = self.folder / "kdc.log"
        return [line for line in log.read_text().splitlines() if f" {what} " in line]

    def _listen(self) -> None:
        self._process = subprocess.Popen(
            [_found("krb5kdc"), "-n", "-r", REALM],
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        self.close()
        msg = "the KDC does not listen"
        raise RuntimeError(msg)

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


def _found(program: str) -> str:
    path = os.pathsep.join((os.environ.get("PATH", ""), _PLACES))
    return shutil.which(program, path=path) or ""


def _free_port() -> int:
    """One that nobody listens on by TCP or UDP."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        port: int = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        return port
