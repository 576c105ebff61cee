"""### Read chosen products again, and if asked, deliver them again

Trigger it and fill in the form. **Dry run** is on by default: the log of **plan** then says which products would be
read, what that costs the source and how long it took last time, and nothing is changed. Trigger it again with dry run
off to do it.

| to | choose |
| --- | --- |
| read a whole scope again | the scope alone |
| read some products again | the scope, and their SKUs |
| try again what a service rejected or failed to take | the scope, *Only failing*, and *Deliver again* |
| send again what a service has already | the scope, the service, and *Deliver again* |
| let a held removal pass | the scope, and the run that the report shows as held; only the products that it lists go |

A SKU that the source does not have is reported as not there, and taken out of the catalog if it stands in it. One that
a hold keeps back stays; the log of **catalog** names the hold.

It starts paused, as Airflow starts every new DAG unless it is told otherwise; its runs wait until it is switched on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Param, dag, task
from airflow.sdk.types import DagRunProtocol

from datasync.airflow.connections import open_pipeline
from datasync.airflow.tasks import EVERY_DAG, asked_by, close, confirm, parts, scope_group
from datasync.settings import Settings

if TYPE_CHECKING:
    from datasync.resync import ScopePlan

log = logging.getLogger(__name__)


def catalog_resync(settings: Settings) -> DAG:
    """The DAG behind the form: an operator's request to read again, and to deliver again if asked."""

    @dag(
        description="Reads chosen products again, and delivers them again if asked: by hand, by a form. Starts paused",
        schedule=None,
        doc_md=__doc__,
        params=form(settings),
        **EVERY_DAG,
    )
    def catalog_resync() -> None:
        @task
        def begin(params: dict[str, Any] | None = None, dag_run: DagRunProtocol | None = None) -> list[dict[str, Any]]:
            """Record the request, and that its run began."""
            pipeline = open_pipeline()
            request = pipeline.request(params, asked_by(dag_run))
            run = pipeline.begin(dag_run.run_id, "resync", request.scopes, request.asked_by, request.reason, request)
            return parts(run, request.scopes, request.services or tuple(settings.services))

        begun = begin()
        outcome = close(begun)
        plan() >> begun
        scope_group(settings).expand_kwargs(begun) >> outcome
        confirm(outcome)

    return catalog_resync()


@task.short_circuit
def plan(params: dict[str, Any] | None = None, dag_run: DagRunProtocol | None = None) -> bool:
    """Say what the request would do; a dry run ends here."""
    pipeline = open_pipeline()
    plans = pipeline.plan(pipeline.request(params, asked_by(dag_run)))
    for line in (line for scope_plan in plans for line in plan_lines(scope_plan)):
        log.info("%s", line)
    if params["dry_run"]:
        log.info("This is a plan, and nothing was changed. To carry it out, trigger again with Dry run off.")
    return not params["dry_run"]


def choice(named: Mapping[str, Any], title: str, description: str, **rules: Any) -> Param:
    """A multi-select of names that shows their labels: the form offers ``examples``, the server checks ``items``."""
    names = list(named)
    labels = {name: f"{entry.label} ({name})" if entry.label else name for name, entry in named.items()}
    allowed = {"type": "string", "enum": names}
    shown = {"title": title, "description": description, "examples": names, "values_display": labels}
    kind = "array" if "minItems" in rules else ["array", "null"]  # the form marks what may not be null as required
    return Param([], type=kind, items=allowed, uniqueItems=True, **shown, **rules)


def form(settings: Settings) -> dict[str, Param]:
    """The fields of the trigger form, in their order. Fields without a section stand open; a section starts closed."""
    return {
        "scopes": choice(settings.scopes, "Scopes", "Which catalogs to read again.", minItems=1),
        "services": choice(settings.services, "Services", "Which services to deliver to. None chosen: all of them."),
        "skus": Param(
            None,
            type=["array", "null"],
            items={"type": "string"},
            title="SKUs",
            description="One a line. Empty: every product.",
        ),
        "failing": Param(
            False,
            type="boolean",
            title="Only failing",
            description="Only products that a chosen service rejected or failed to take, or that are in quarantine.",
        ),
        "force": Param(
            False,
            type="boolean",
            title="Deliver again",
            description="Also deliver what the services have already in this version, and what they rejected.",
        ),
        "reason": Param(
            "", type="string", pattern=r"\S", title="Reason", description="For whoever reads the report. Required."
        ),
        "dry_run": Param(
            True,
            type="boolean",
            title="Dry run",
            description="Only say what would be done: see the log of the task plan. Switch it off to do it.",
        ),
        "accept_shrink": Param(
            None,
            type=["string", "null"],
            title="Accept a held removal",
            description="The run that the report shows under Holds, by its id. Only the products that it lists may go.",
            section="Held removals",
        ),
    }


def plan_lines(plan: ScopePlan) -> list[str]:
    """A scope's plan in words, for the log. SKUs are quoted: whoever exports a catalog could put anything into one."""
    from datasync.resync import further_words

    took = f"; the last such pull took {plan.last_seconds:.1f} s" if plan.last_seconds is not None else ""
    more = " ..." if plan.products > len(plan.shown) else ""
    shown = f": {', '.join(map(repr, plan.shown))}{more}" if plan.shown else ""
    lines = [f"{plan.reads} would be read, {plan.products:,} now{shown}"]
    lines += [f"requests to the source: {plan.requests:,}{took}"]
    lines += [f"{service} would be sent {count:,} again that it has" for service, count in plan.marks.items()]
    return [f"{plan.scope}: {line}" for line in (*lines, *further_words(plan))]
