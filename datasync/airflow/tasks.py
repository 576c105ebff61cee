"""The tasks that the DAGs share: what happens to each scope, and how a run ends.

Only ids and counts go from task to task.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule, TriggerRule, task, task_group
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.types import DagRunProtocol

from datasync.airflow.connections import open_pipeline
from datasync.settings import AuditedService, Settings

RUN_CLOSED = Asset("datasync_run")
PULLS_AT_ONCE = 4  # of one DAG, over all its runs, so that no source is flooded

# The error tree decides. Of what is not in it, only what the system or the network refused may pass; a mistake in the
# code won't.
_RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule("datasync.errors.TransientError", RetryAction.RETRY, reason="Something outside did not answer."),
        RetryRule("builtins.OSError", RetryAction.RETRY, reason="The system or the network refused."),
    ],
    default=RetryAction.FAIL,
)
# How long to wait between tries is Airflow's own setting: [core] default_task_retry_delay.
DEFAULTS: dict[str, Any] = {"owner": "datasync", "retries": 2, "retry_policy": _RETRIES}
EVERY_DAG: dict[str, Any] = {
    "catchup": False,
    "max_active_runs": 1,
    "default_args": DEFAULTS,
    "tags": ["datasync"],
}


def asked_by(dag_run: DagRunProtocol) -> str:
    """Who wanted the run: the user that triggered it, or what did ("schedule", "manual", ...)."""
    started = str(dag_run.run_type)
    return "schedule" if started == "scheduled" else dag_run.triggering_user_name or started


def parts(run: str, scopes: tuple[str, ...], services: tuple[str, ...]) -> list[dict[str, Any]]:
    """What ``scope_group`` is mapped over: one item a scope, with the names of the services that are to be reached."""
    return [{"run": run, "scope": scope, "services": list(services)} for scope in scopes]


def scope_group(settings: Settings, *, with_audits: bool = False) -> Callable[..., Any]:
    """The task group of one scope: pull, catalog, then a transfer per service, in whatever state the first two end.
    ``with_audits``: each transfer to a service that can be asked what it holds is followed by its audit.

    Airflow cannot map inside a mapped group, so the services of the settings are unrolled here.
    """

    @task_group(group_id="scope")
    def scope_group(run: str, scope: str, services: list[str]) -> None:
        applied = catalog(run=run, scope=scope)
        pull(run=run, scope=scope) >> applied
        for service in settings.services:
            deliver = transfer.override(task_id=f"transfer_{service}")
            delivered = deliver(run=run, scope=scope, service=service, services=services)
            applied >> delivered
            if with_audits and isinstance(settings.services[service], AuditedService):
                delivered >> audit.override(task_id=f"audit_{service}")(run=run, scope=scope, service=service)

    return scope_group


_LABEL = "{{ task.op_kwargs.scope }}"


@task(max_active_tis_per_dag=PULLS_AT_ONCE, map_index_template=_LABEL, multiple_outputs=False)
def pull(run: str, scope: str) -> dict[str, Any]:
    """Read the scope from its source into a snapshot."""
    return open_pipeline().pull(run, scope)


@task(map_index_template=_LABEL, multiple_outputs=False)
def catalog(run: str, scope: str) -> dict[str, Any]:
    """Bring the snapshot into the scope's catalog."""
    return open_pipeline().apply(run, scope)


@task(trigger_rule=TriggerRule.ALL_DONE, map_index_template=_LABEL, multiple_outputs=False)
def transfer(run: str, scope: str, service: str, services: list[str]) -> dict[str, Any]:
    """Deliver what the service is due, also after a pull that failed: what was due stays due."""
    if service not in services:
        raise AirflowSkipException(f"The request is not for {service}.")
    return open_pipeline().transfer(run, scope, service)


@task(map_index_template=_LABEL, multiple_outputs=False)
def audit(run: str, scope: str, service: str) -> dict[str, Any]:
    """Compare what the service really holds with its receipts, where that was last done too long ago."""
    audited = open_pipeline().audit_when_due(run, scope, service)
    if audited is None:
        raise AirflowSkipException(f"The last audit of {service} is young enough, or nothing was delivered yet.")
    return audited


@task(trigger_rule=TriggerRule.ALL_DONE, outlets=[RUN_CLOSED], multiple_outputs=False)
def close(begun: list[dict[str, Any]] | None, outlet_events: Any = None) -> dict[str, Any]:
    """Record how the run ended, whatever that is, and tell the asset: failures must reach the page too."""
    if begun is None:
        raise AirflowFailException("There is no run to close, for none began. The logs of the tasks before say why.")
    outcome = open_pipeline().close(begun[0]["run"])
    outlet_events[RUN_CLOSED].extra = {"run": outcome["run"], "outcome": outcome["outcome"]}
    return outcome


@task
def confirm(outcome: dict[str, Any]) -> None:
    """Turn the run red if a scope failed; `close` stands behind all_done, so it alone would hide that."""
    open_pipeline().confirm(outcome)
