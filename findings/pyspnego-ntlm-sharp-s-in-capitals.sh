#!/usr/bin/env bash
# pyspnego 0.12.4, Python 3.11.
#
# A good guess: NTLM takes any account's name. The name goes into the key of NTLMv2 in capitals
# (MS-NLMP 3.3.2), which pyspnego makes with str.upper().
# What it does: Python writes some letters in two capitals, ß as SS. Windows and Samba write one for
# each letter, and leave those as they are that have none: so the key is another one, and the account
# "weiß" is refused like one with a wrong password, by that password. (Seen with ntlm_auth of Samba
# 4.17.12 as the server: it lets ada, Ädä and weiss in, and refuses weiß, straße. Windows was not tried.)
#
# Seen (whose key has signed the client's answer):
#   ada     ADA
#   Ädä     ÄDÄ
#   weiß    WEISS, not WEIß
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pyspnego==0.12.4
export NTLM_USER_FILE=$place/users
printf ':somebody:password\n' > "$NTLM_USER_FILE"
PYTHONUTF8=1 "$place/venv/bin/python" - <<'PYTHON'
import hmac
import sys

import spnego

NT_HASH = bytes(range(16))  # of whatever password; a name does not enter into it


def field(message, at):
    length, start = (int.from_bytes(message[i : i + n], "little") for i, n in ((at, 2), (at + 4, 4)))
    return message[start : start + length]


def keyed(key, data):
    return hmac.new(key, data, "md5").digest()


def signed_as(account, *names):
    """By which of these names the key was made that an account's answer is signed with."""
    client = spnego.client(spnego.NTLMHash(account, nt_hash=NT_HASH.hex()), protocol="ntlm")
    challenge = spnego.server(protocol="ntlm").step(client.step())
    answer = client.step(challenge)
    response, domain = field(answer, 20), field(answer, 28)
    signed = challenge[24:32] + response[16:]
    keys = {name: keyed(NT_HASH, name.encode("utf-16-le") + domain) for name in names}
    return [name for name in names if keyed(keys[name], signed) == response[:16]]


seen = {
    "ada": signed_as("ada", "ADA", "ada"),
    "Ädä": signed_as("Ädä", "ÄDÄ", "äDä"),
    "weiß": signed_as("weiß", "WEISS", "WEIß"),
}
for account, names in seen.items():
    print(f"{account:7} {' '.join(names)}")
sys.exit(seen != {"ada": ["ADA"], "Ädä": ["ÄDÄ"], "weiß": ["WEISS"]})
PYTHON
