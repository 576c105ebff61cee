"""Takes the README's picture of the page: the Search tab of the demo's site, as a visitor with a plain browser sees it.

python scripts/screenshot.py [SITE] [PICTURE]      default: var/site docs/data-sync.png
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main(site: str = "var/site", picture: str = "docs/data-sync.png") -> None:
    """Open the page from the disk and write what it shows."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    address = (Path(site) / "index.html").resolve().as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-sync"])
        page = browser.new_page(viewport={"width": 1280, "height": 860}, device_scale_factor=1.5)
        page.goto(f"{address}#scope=en-US&tab=search")
        page.get_by_role("table").first.wait_for()
        page.screenshot(path=picture)
        browser.close()
    print(f"{picture} shows {address}")


if __name__ == "__main__":
    main(*sys.argv[1:])
