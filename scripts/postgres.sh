#!/usr/bin/env bash
# Sees to it that the tests and the benchmark find a PostgreSQL server: one that is here, else Debian's.
set -euo pipefail

if command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then exit 0; fi

as_root=()
if [[ $(id -u) != 0 ]]; then as_root=(sudo -n); fi
if command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
    echo "No PostgreSQL server found: installing Debian's."
    # Without a cluster of its own: the tests make theirs, and nothing is left running.
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    if [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
        echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
    fi
    if "${as_root[@]}" apt-get -qq update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends postgresql >/dev/null &&
        compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then exit 0; fi
fi
echo "There is no PostgreSQL server, and none could be installed. Install one (Debian: apt-get install postgresql)." >&2
exit 1
