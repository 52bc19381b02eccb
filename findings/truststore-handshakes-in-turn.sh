#!/usr/bin/env bash
# truststore 0.10.5 (with trustme 1.2.1), Python 3.11 to 3.13, Linux.
#
# A good guess: threads that share one truststore.SSLContext shake hands side by side, as they do
# with one ssl.SSLContext, which is made to be shared.
# What it does: wrap_socket() holds a lock of the context for the whole handshake. A server that
# takes two seconds to answer keeps every other server waiting for as long.
#
# Seen (seconds that the handshake with a quick server took, begun 0.3 s after one with a slow one):
#   ssl.SSLContext         0.0
#   truststore.SSLContext  1.7
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check truststore==0.10.5 trustme==1.2.1
cat > "$place/run.py" <<'PYTHON'
import os
import socket
import ssl
import sys
import threading
import time

import trustme
import truststore

SLOW = 2.0
authority = trustme.CA()
authority.cert_pem.write_to_path("authority.pem")
os.environ["SSL_CERT_FILE"] = os.path.abspath("authority.pem")
server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
authority.issue_cert("localhost").configure_cert(server_side)


def serve(pause: float) -> int:
    """A server that waits before it answers a handshake; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        time.sleep(pause)
        with server_side.wrap_socket(connection, server_side=True) as secure:
            secure.recv(1)

    threading.Thread(target=answer, daemon=True).start()
    return listener.getsockname()[1]


def shake(context: ssl.SSLContext, port: int) -> float:
    """Seconds that a handshake takes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        begun = time.monotonic()
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            took = time.monotonic() - begun
            secure.send(b"x")
    return took


def beside_a_slow_one(context: ssl.SSLContext) -> float:
    slow, quick = serve(SLOW), serve(0)
    waiting = threading.Thread(target=shake, args=(context, slow))
    waiting.start()
    time.sleep(0.3)
    took = shake(context, quick)
    waiting.join()
    return took


plain = ssl.create_default_context(cafile="authority.pem")
shared = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
took = {"ssl.SSLContext": beside_a_slow_one(plain)}
took["truststore.SSLContext"] = beside_a_slow_one(shared)
for name, seconds in took.items():
    print(f"{name:22} {seconds:.1f}")
sys.exit(not (took["ssl.SSLContext"] < 1.0 < took["truststore.SSLContext"]))
PYTHON
cd "$place"
venv/bin/python run.py
