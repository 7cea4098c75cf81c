"""An address of this machine whose certificate no authority that is trusted has signed."""

import ssl
import threading
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme

LOOPBACK = "127.0.0.1"


@lru_cache(maxsize=1)
def address() -> str:
    """``https://127.0.0.1:<port>/``: it listens from the first call to the end of the process.

    Nothing is ever answered there: a client that trusts it is at fault.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(LOOPBACK).configure_cert(context)
    server = ThreadingHTTPServer((LOOPBACK, 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"https://{LOOPBACK}:{server.server_port}/"
