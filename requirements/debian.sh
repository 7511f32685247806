#!/bin/sh
# Installs the missing packages of requirements/debian.txt (or of the files named) where this is root on Debian;
# elsewhere it names them, and the tests that need them skip by name (under CI=true they fail).
set -eu
here=$(dirname "$0")
[ "$#" -gt 0 ] || set -- "$here/debian.txt"
command -v dpkg-query >/dev/null 2>&1 || { echo "not Debian: tests of $(grep -v '^#' "$@" | tr '\n' ' ') skip without them"; exit 0; }
missing=""
for package in $(cat "$@" | grep -v '^#'); do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "some tests need Debian packages that are missing: sudo apt-get install$missing"
    exit 0
fi
echo "installing Debian packages:$missing"
apt-get update -qq
# No cluster of its own: the tests make theirs.
mkdir -p /etc/postgresql-common/createcluster.d
echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/airside.conf
# Nor any other service: what the tests need they start themselves, and end.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
