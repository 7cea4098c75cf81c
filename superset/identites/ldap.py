"""Exemple : les comptes de l'annuaire de l'organisation (LDAP, Active Directory).

Copier ce fichier hors du dépôt, l'adapter, et le nommer dans ``ACCES_SOINS_SUPERSET_IDENTITES``.
La bibliothèque ``python-ldap`` et celles du système qu'elle demande sont à ajouter à l'image.
"""

import os
from pathlib import Path

from flask_appbuilder.security.manager import AUTH_LDAP

AUTH_TYPE = AUTH_LDAP
AUTH_LDAP_SERVER = os.environ["ACCES_SOINS_LDAP_SERVEUR"]  # ldaps://annuaire.exemple.fr
AUTH_LDAP_USE_TLS = False  # ldaps:// is encrypted from the first byte
AUTH_LDAP_SEARCH = os.environ["ACCES_SOINS_LDAP_BASE"]  # ou=personnes,dc=exemple,dc=fr
AUTH_LDAP_UID_FIELD = "uid"  # sAMAccountName in Active Directory
AUTH_LDAP_BIND_USER = os.environ["ACCES_SOINS_LDAP_LECTEUR"]
AUTH_LDAP_BIND_PASSWORD = Path(os.environ["ACCES_SOINS_LDAP_SECRET"]).read_text(encoding="utf-8").strip()
AUTH_USER_REGISTRATION = True
AUTH_USER_REGISTRATION_ROLE = "Décideur"
AUTH_ROLES_SYNC_AT_LOGIN = True
AUTH_LDAP_GROUP_FIELD = "memberOf"
AUTH_ROLES_MAPPING = {
    "cn=acces-soins-statisticiens,ou=groupes,dc=exemple,dc=fr": ["Statisticien"],
    "cn=acces-soins-administrateurs,ou=groupes,dc=exemple,dc=fr": ["Admin"],
}
