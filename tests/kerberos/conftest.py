"""A realm for the tests, and practice hosts that are in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from remediate.lab.lab import Lab
from remediate.lab.server.auth import LabAccount
from remediate.model.connection import Auth
from remediate.model.host import Host
from tests.kerberos.kdc import PASSWORD, REALM, Kdc, wanting
from tests.labs import clean_labs

ADA = f"ada@{REALM}"
HOST = "srv01.remediate.test"
MISSING = wanting()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("kerberos") and MISSING:
            item.add_marker(pytest.mark.skip(reason=f"there is no KDC here: {MISSING}"))


@pytest.fixture(scope="session")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kdc]:
    kdc = Kdc(tmp_path_factory.mktemp("kdc"))
    try:
        kdc.start()
        kdc.principal("ada")
        kdc.principal("expired", "-pwexpire", "2020-01-01")
        kdc.principal("new", "+needchange")
        kdc.principal("locked", "-allow_tix")
        kdc.principal("ended", "-expire", "2020-01-01")
        kdc.principal(f"host/{HOST}", password=None)
        kdc.principal(f"HTTP/{HOST}", password=None)
        kdc.keytab(f"host/{HOST}", f"HTTP/{HOST}")
        yield kdc
    finally:
        kdc.close()


@pytest.fixture
def kdc(realm: Kdc, monkeypatch: pytest.MonkeyPatch) -> Kdc:
    """The realm, which this process then knows."""
    for name, value in realm.environment.items():
        monkeypatch.setenv(name, value)
    return realm


@pytest.fixture
def make_lab(kdc: Kdc) -> Iterator[Callable[..., Lab]]:
    usual = {
        "auth": Auth.KERBEROS,
        "account": LabAccount(ADA, PASSWORD),
        "keytab": kdc.keytab(f"host/{HOST}"),
    }
    with clean_labs() as make:
        yield lambda **options: make(**{**usual, **options})


def target(lab: Lab, **changes: object) -> Host:
    """A host of a lab, by the name that the realm has for it."""
    host = lab.hosts[0].target()
    return Host(**{**host.model_dump(), "kerberos_host": HOST, **changes})


def kept(path: Path, text: str) -> str:
    """A password in a file, as a reference."""
    path.touch(mode=0o600)
    path.write_text(text)
    return f"file:{path}"
