#!/bin/sh
# One database and one user for each service, whose password is that of its address in the secrets.
# Run once by PostgreSQL's own image; again, it only sets the passwords: that is how they are rotated.
set -eu
for service in airflow superset; do
  password=$(sed -E 's|^[^:]*://[^:]*:([^@]*)@.*$|\1|' "${SECRETS:-/run/secrets}/${service}_metadonnees")
  psql --quiet --set=ON_ERROR_STOP=1 --set=service="$service" --username "${POSTGRES_USER:-postgres}" <<SQL
\\set password '$password'
SELECT format('CREATE USER %I', :'service')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'service') \\gexec
ALTER USER :"service" PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I ENCODING ''UTF8'' TEMPLATE template0', :'service', :'service')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'service') \\gexec
SQL
done
