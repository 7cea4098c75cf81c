#!/bin/sh
# One database and one user for each service; run once, by PostgreSQL's own image.
set -eu
for service in airflow superset; do
  password=$(eval "printf '%s' \"\$$(echo "$service" | tr '[:lower:]' '[:upper:]')_DB_PASSWORD\"")
  psql --set=ON_ERROR_STOP=1 --set=service="$service" --set=password="$password" --username "$POSTGRES_USER" <<'SQL'
CREATE USER :"service" PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
SQL
done
