"""Airflow's LocalExecutor, whose end is waited for without fail."""

from __future__ import annotations

from airflow.executors.local_executor import LocalExecutor


class EndingExecutor(LocalExecutor):
    """Tells every worker to end, also those that have: LocalExecutor tells only those that it sees alive while others
    take the messages that were meant for them, and may wait for ever for one that got none.
    """

    def end(self) -> None:
        for _ in self.workers:
            self.activity_queue.put(None)
        super().end()
