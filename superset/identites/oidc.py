"""Exemple : les comptes de l'organisation par OpenID Connect (Keycloak, ProConnect, Entra…).

Copier ce fichier hors du dépôt, l'adapter, et le nommer dans ``ACCES_SOINS_SUPERSET_IDENTITES``.
À déclarer chez le fournisseur : l'adresse de retour ``https://<observatoire>/oauth-authorized/organisation``.
Le secret est lu dans un fichier ; il n'est jamais dans la configuration.
"""

import os
from pathlib import Path

from flask_appbuilder.security.manager import AUTH_OAUTH
from superset.security import SupersetSecurityManager

AUTH_TYPE = AUTH_OAUTH
# Who has an account of the organisation may look; the groups of the provider give more.
AUTH_USER_REGISTRATION = True
AUTH_USER_REGISTRATION_ROLE = "Décideur"
AUTH_ROLES_SYNC_AT_LOGIN = True
AUTH_ROLES_MAPPING = {
    "acces-soins-statisticiens": ["Statisticien"],
    "acces-soins-administrateurs": ["Admin"],
}
ISSUER = os.environ["ACCES_SOINS_OIDC_EMETTEUR"]
OAUTH_PROVIDERS = [
    {
        "name": "organisation",
        "icon": "fa-key",
        "token_key": "access_token",
        "remote_app": {
            "client_id": os.environ["ACCES_SOINS_OIDC_CLIENT"],
            "client_secret": Path(os.environ["ACCES_SOINS_OIDC_SECRET"]).read_text(encoding="utf-8").strip(),
            "server_metadata_url": f"{ISSUER}/.well-known/openid-configuration",
            "client_kwargs": {"scope": "openid profile email"},
        },
    }
]


class OrganisationSecurityManager(SupersetSecurityManager):
    """Reads who a person is from the signed identity token."""

    def oauth_user_info(self, provider, response=None):
        claims = response["userinfo"]
        return {
            "username": claims["sub"],
            "email": claims["email"],
            "first_name": claims.get("given_name", ""),
            "last_name": claims.get("family_name", ""),
            "role_keys": claims.get("groups", []),
        }


CUSTOM_SECURITY_MANAGER = OrganisationSecurityManager
