"""A complete pull of 100,000 products from a stand-in of each network source: requests, seconds, and peak memory.

The stand-in runs in a process of its own; each pull runs in another, so that its peak is its own. The least that an
interface allows is: a token, what has to be looked up, and one request for each page of the largest size.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from datasync.intake import pull  # noqa: E402 - the checkout comes first
from datasync.sources.base import PullRequest  # noqa: E402
from datasync.store.files import Folder, connect  # noqa: E402
from tests.sources.standins import stand  # noqa: E402
from tests.sources.standins.server import Site, started  # noqa: E402

PRODUCTS = 100_000
LEAST = {"akeneo": 3 + PRODUCTS // 100 + 1, "adobe_commerce": 3 - (-PRODUCTS // 300)}


def main() -> None:
    """Both sources, one line each."""
    for kind, least in LEAST.items():
        with started(f"tests.sources.standins.{kind}") as site:
            site.tell("fill", {"count": PRODUCTS})
            mine = [sys.executable, __file__, kind, site.url]
            told = json.loads(subprocess.run(mine, stdout=subprocess.PIPE, check=True, cwd=ROOT).stdout)
            asked = len(site.log())
        print(
            f"{kind}: {told['valid']:,} products in {told['seconds']:.0f} s, "
            f"{asked:,} requests (the least: {least:,}), peak memory {told['megabytes']:.0f} MB"
        )
        assert (told["valid"], asked, told["requests"]) == (PRODUCTS, least, least)


def pulled(kind: str, url: str) -> dict[str, float]:
    """What one complete pull came to, in this process."""
    shop, at = getattr(stand, kind)(Site(url)), datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        store, began, request = Folder(folder), time.monotonic(), PullRequest("complete", at)
        scope = shop.scope()
        with connect(store) as con:
            found = pull.pull(pull.Pull(con, store, "en-US", scope, request, "r1", "", lambda: at), shop.source(store))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.monotonic() - began
    return {"valid": found.valid, "requests": found.requests, "seconds": seconds, "megabytes": peak}


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(pulled(*sys.argv[1:])))
    else:
        main()
