#!/usr/bin/env bash
# Makes .venv and installs this checkout into it: install.sh demo | test. Does nothing when that was done before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

profile=${1:?demo or test}
python=${PYTHON:-python3}
case $profile in
    demo) extras=airflow ;;
    test) extras=airflow,s3,sql,test ;;
    *) echo "install.sh knows demo and test, not '$profile'." >&2; exit 2 ;;
esac

# The path is part of it: a checkout that was moved or copied with its .venv would run the code at the old place.
state=$({ echo "$PWD"; cat pyproject.toml constraints.txt scripts/install.sh; } | cksum)
stamp=.venv/installed-$profile
if [[ -f $stamp && $(<"$stamp") == "$state" ]] && .venv/bin/python -c '' 2>/dev/null; then exit 0; fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    found=$("$python" --version 2>/dev/null) || found="no Python"
    echo "datasync needs Python 3.11 or newer; '$python' is $found." >&2
    echo "Name another one like this: make PYTHON=python3.12 ..." >&2
    exit 1
fi

SECONDS=0
if [[ ! -f .venv/made-for || $(<.venv/made-for) != "$PWD" ]] || ! .venv/bin/python -c '' 2>/dev/null; then
    if ! "$python" -m venv --clear .venv; then
        echo "'$python -m venv' failed; on Debian and Ubuntu it comes with: apt-get install python3-venv" >&2
        exit 1
    fi
    echo "$PWD" >.venv/made-for
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
# Byte code is written now, once, or every one of Airflow's processes would compile two thousand modules for itself.
.venv/bin/uv pip install --quiet --python .venv/bin/python --compile-bytecode \
    --constraints constraints.txt --build-constraints constraints.txt --editable ".[$extras]"
echo "$state" >"$stamp"
if [[ $profile == test ]]; then echo "$state" >.venv/installed-demo; fi # it holds all that the demo needs
echo "Installed .venv ($extras) in $SECONDS s."
