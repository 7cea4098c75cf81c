#!/bin/sh
# redis.sh serve | ping. The password is that of the address in the secrets; it is told on no command line.
# Bounded and never written to disk: caches may go at any time (they have an end), a queued report may not.
set -eu
password=$(sed -E 's|^redis://:([^@]*)@.*$|\1|' "${SECRETS:-/run/secrets}/superset_redis")
case "$1" in
  serve)
    exec redis-server - <<CONF
bind ${BIND:-0.0.0.0}
port ${PORT:-6379}
requirepass $password
maxmemory 256mb
maxmemory-policy volatile-lru
save ""
CONF
    ;;
  ping) REDISCLI_AUTH=$password redis-cli -p "${PORT:-6379}" ping | grep -q PONG ;;
esac
