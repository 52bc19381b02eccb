"""Who names nobody logs on as whoever runs this, where the system of this controller does so.

That Windows' own library then takes the logon of the session was tried nowhere.
"""

import pytest
from pydantic import SecretStr
from spnego import CredentialCache
from spnego._credential import unify_credentials

from remediate.model.host import Host
from remediate.transport import logon, settings
from remediate.transport.dialing import Dialer
from remediate.transport.errors import WrongSettings
from remediate.transport.kerberos import Tickets
from remediate.transport.protocol import Deadline
from remediate.transport.watch import Watch
from remediate.transport.winrm import Clients


def host(**said: object) -> Host:
    return Host.model_validate({"name": "h", "address": "h.test", "port": 5985, **said})


@pytest.mark.parametrize("auth", ["negotiate", "kerberos"])
def test_nobody_is_asked_for_a_password_and_none_is_handed_on(
    auth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def secret_for(_: Host) -> object:
        raise AssertionError("a password was asked for")

    monkeypatch.setattr(logon, "SYSTEM_CHOOSES", True)
    watch = Watch(Deadline(30))
    nobody = host(auth=auth)
    Clients(secret_for, Dialer())._client(nobody, None, watch)  # type: ignore[arg-type]
    choice = logon.Logon(nobody, None, watch, Tickets()).choose()
    assert (choice.who, choice.password, choice.protocol) == (None, None, auth)
    [credential] = unify_credentials(choice.who, choice.password)
    assert isinstance(credential, CredentialCache)
    assert watch.turn is None, "no password can be locked"


@pytest.mark.parametrize(
    ("said", "platform", "says"),
    [
        ({}, "win32", ""),
        ({"auth": "kerberos"}, "win32", ""),
        ({"auth": "kerberos"}, "linux", ""),
        ({"auth": "kerberos", "user": "ada@A.B"}, "linux", ""),
        ({"user": "ada", "password": "env:X"}, "win32", ""),
        ({}, "linux", "no user is given, and only Windows has a logon of whoever runs this"),
        ({"auth": "ntlm"}, "win32", "no user is given, which ntlm needs"),
        ({"password": "env:X"}, "win32", "no user is given, which negotiate needs"),
        (
            {"auth": "kerberos", "user": "ada@A.B"},
            "win32",
            "no password is given for ada@A.B, and Windows would log on as somebody else",
        ),
        ({"auth": "kerberos", "keytab": "/k"}, "win32", "Windows, where this runs, logs on with"),
    ],
)
def test_what_this_system_cannot_do_is_said_before_anything_is_sent(
    said: dict[str, object], platform: str, says: str
) -> None:
    if not says:
        settings.check(host(**said), platform)
        return
    with pytest.raises(WrongSettings, match=says):
        settings.check(host(**said), platform)


@pytest.mark.parametrize("user", ["weiß", "CONTOSO\\groß", "weiß@contoso.test"])
def test_a_name_of_which_ntlm_would_make_another_one_is_not_tried(user: str) -> None:
    """Its password would be wrong, and count as a wrong try."""
    made = logon.Logon(host(auth="ntlm", user=user), SecretStr("x"), Watch(Deadline(30)), Tickets())
    with pytest.raises(WrongSettings, match="its ß counts as SS"):
        made.choose()


@pytest.mark.parametrize("user", ["Ädä", "STRAßE\\weiss", "김철수"])
def test_a_name_with_other_letters_logs_on_by_ntlm(user: str) -> None:
    made = logon.Logon(host(auth="ntlm", user=user), SecretStr("x"), Watch(Deadline(30)), Tickets())
    assert made.choose().who[0].username == user
