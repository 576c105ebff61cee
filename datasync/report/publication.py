"""A published report: the figures of one moment, gathered, rendered and put where people open them."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from datasync.figures import totals
from datasync.figures.store_at import StoreAt
from datasync.figures.totals import Totals
from datasync.report.facts import gather, page_data, summary
from datasync.report.publish import render
from datasync.report.publish.render import SiteContent


def publish(at: StoreAt, figures: Totals, now: datetime, single_file: Path | None) -> dict[str, Any]:
    """Publish the report of a moment into the settings' site, or as a ``single_file``; says where it stands, what needs
    attention, and what does not add up.
    """
    settings = at.settings
    page = gather.site_pages(at, figures, now)
    content = SiteContent(page, gather.scope_products(at), partial(gather.data_files, at, figures))
    if single_file:
        published = render.single_file(content, single_file)
    else:
        options = settings.store_options if settings.site.startswith("s3://") else {}
        published = render.publish(content, settings.site, keep=settings.keep.sites, options=options)
    return {
        "index": published.index,
        "version": published.version,
        "files": published.files,
        "gaps": list(totals.gaps(figures)),
        "attention": list(summary.attention(page)),
        "summary": summary.text(page, settings.link or published.index),
    }


def status(at: StoreAt, figures: Totals, now: datetime) -> dict[str, Any]:
    """The figures of a moment as status.json has them, without publishing."""
    page = page_data.SitePages(
        now, at.as_of, at.settings.window, at.point.positions, (), (), figures.scopes, sources=figures.sources,
        ahead=figures.ahead, repairs=figures.repairs, unverified=figures.unverified,
    )  # fmt: skip
    return page_data.status(page)
