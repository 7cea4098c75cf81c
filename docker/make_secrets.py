#!/usr/bin/env python3
"""``python3 docker/make_secrets.py <folder>``: writes the secrets of the production that are missing.

One file per secret; nothing that exists is changed, so that a secret is rotated by removing its file (see
docs/exploitation.md). The folder is its owner's only; its files can be read by any user of the container
that is given them. Needs Python alone.
"""

import base64
import json
import secrets
import sys
from pathlib import Path


def _password() -> str:
    return secrets.token_urlsafe(24)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


MAKERS = {
    "postgres_mot_de_passe": _password,
    "airflow_metadonnees": lambda: f"postgresql+psycopg2://airflow:{_password()}@postgres/airflow",
    "airflow_fernet": _fernet_key,
    "airflow_api": _password,
    "airflow_jwt": lambda: secrets.token_urlsafe(48),
    "airflow_comptes": lambda: json.dumps({"admin": _password(), "lecteur": _password()}),
    "superset_metadonnees": lambda: f"postgresql+psycopg2://superset:{_password()}@postgres/superset",
    "superset_redis": lambda: f"redis://:{_password()}@redis:6379/0",
    "superset_cle": lambda: secrets.token_urlsafe(48),
    # Empty: the former key, while keys are rotated; the password of a mail relay that wants one.
    "superset_cle_precedente": str,
    "smtp_mot_de_passe": str,
}


def write_missing(folder: Path) -> list[str]:
    """Write what is missing; gives the names of what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    written = [name for name in MAKERS if not (folder / name).exists()]
    for name in written:
        (folder / name).write_text(MAKERS[name](), encoding="utf-8")
        (folder / name).chmod(0o444)
    return written


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Erreur : indiquer le dossier des secrets, python3 docker/make_secrets.py <dossier>.")
    made = write_missing(Path(sys.argv[1]))
    print(f"Secrets écrits dans {sys.argv[1]} : {', '.join(made) or 'aucun, tous y étaient'}.")
