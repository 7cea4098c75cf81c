"""In place of Superset: any server on its port."""

import os
import sys


def server_command(settings) -> tuple[list[str], dict[str, str]]:
    server = ["-m", "http.server", "--bind", "127.0.0.1", str(settings.port_superset)]
    return [sys.executable, *server], dict(os.environ)


def prepare(settings) -> bool:
    return False


def credentials_hint(settings) -> str:
    return "comptes : voir le fichier"
