#!/bin/sh
# Runs tests against Debian's PostgreSQL over TCP and TLS with a verified certificate, in a cluster of its own that
# goes away afterwards. Usage: tests/on_debian_postgresql.sh PYTEST-ARGUMENTS…
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || { echo "Debian's PostgreSQL is missing: apt-get install postgresql"; exit 1; }
work=$(mktemp -d)
port=${AIRSIDE_TEST_PORT:-54329}
as=""
if [ "$(id -u)" -eq 0 ]; then
    chown postgres "$work"
    as="runuser -u postgres --"
fi
trap '$as "$bin/pg_ctl" -D "$work/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
password=$(openssl rand -hex 16)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$work/server.key" -out "$work/server.crt" 2>/dev/null
printf '%s' "$password" > "$work/password"
cat > "$work/server.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$work'
ssl = on
ssl_cert_file = '$work/server.crt'
ssl_key_file = '$work/server.key'
ssl_min_protocol_version = 'TLSv1.3'
CONF
chmod 600 "$work/server.key" "$work/password"
[ -z "$as" ] || chown -R postgres "$work"
cd "$work"
$as "$bin/initdb" -D "$work/data" -U postgres --pwfile="$work/password" -A scram-sha-256 -E UTF8 --locale=C.UTF-8 >/dev/null
$as sh -c "cat '$work/server.conf' >> '$work/data/postgresql.conf'"
$as "$bin/pg_ctl" -D "$work/data" -w -l "$work/log" start >/dev/null
cd - >/dev/null
chmod 755 "$work"
chmod 644 "$work/server.crt"
tls="sslmode=verify-full&sslrootcert=$work/server.crt"
url() { echo "postgresql://$1:$password@localhost:$port/$2?$tls"; }
psql -q "$(url postgres postgres)" <<SQL
create role airside_owner login password '$password';
create role airside_app login password '$password';
create database airside owner airside_owner;
SQL
AIRSIDE_DATABASE_URL=$(url airside_app airside) \
AIRSIDE_DATABASE_OWNER_URL=$(url airside_owner airside) \
AIRSIDE_TEST_SUPERUSER_URL=$(url postgres airside) \
    .venv/bin/pytest "$@"
