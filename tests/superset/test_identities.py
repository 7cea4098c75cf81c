"""The sample configurations of the organisation's own identities."""

import shutil

import pytest

import identity_provider
import superset_service
from acces_soins.settings import PROJECT

pytestmark = [pytest.mark.superset, pytest.mark.xdist_group("superset")]

SAMPLES = PROJECT / "superset" / "identites"
PERSON = {"sub": "camille", "email": "camille@exemple.fr", "given_name": "Camille", "family_name": "Essai"}
# The whole round by a client of Superset, following each redirection, to the provider and back.
ROUND = """
from urllib.parse import urlsplit
import requests
client = app.test_client()
there = client.get("/login/organisation", base_url="http://127.0.0.1").headers["Location"]
back = urlsplit(requests.get(there, allow_redirects=False).headers["Location"])
client.get(f"{back.path}?{back.query}", base_url="http://127.0.0.1")
who = client.get("/api/v1/me/roles/", base_url="http://127.0.0.1").json.get("result", {})
print("QUI", who.get("username"), who.get("email"), sorted(who.get("roles", {})))
"""


@pytest.mark.parametrize(
    ("groups", "roles"),
    [([], ["Décideur"]), (["acces-soins-statisticiens"], ["Décideur", "Statisticien"])],
)
def test_a_person_enters_by_openid_connect(superset, tmp_path, groups, roles):
    shutil.copy(SAMPLES / "oidc.py", tmp_path / "identites.py")
    (tmp_path / "secret").write_text("essai\n", encoding="utf-8")
    person = PERSON | {
        "groups": groups,
        "sub": f"camille-{len(groups)}",
        "email": f"{len(groups)}@exemple.fr",
    }
    with identity_provider.provider(superset_service.free_port(), person) as issuer:
        answer = superset_service.in_superset(
            superset,
            ROUND,
            {
                "ACCES_SOINS_SUPERSET_IDENTITES": str(tmp_path / "identites.py"),
                "ACCES_SOINS_OIDC_CLIENT": identity_provider.CLIENT,
                "ACCES_SOINS_OIDC_SECRET": str(tmp_path / "secret"),
                "ACCES_SOINS_OIDC_EMETTEUR": issuer,
            },
        )
    told = f"QUI {person['sub']} {person['email']} {roles}"
    assert told in answer.stdout, answer.stdout + answer.stderr[-3000:]
