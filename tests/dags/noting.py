"""A notifier of Airflow's own kind that writes what it is given into a file."""

from __future__ import annotations

from pathlib import Path

from airflow.sdk import BaseNotifier
from airflow.sdk.definitions.context import Context


class Note(BaseNotifier):
    """Appends ``message``, rendered, to ``file``."""

    template_fields = ("message",)

    def __init__(self, file: str, message: str) -> None:
        super().__init__()
        self.file, self.message = file, message

    def notify(self, context: Context) -> None:
        with Path(self.file).open("a", encoding="utf-8") as file:
            file.write(f"{self.message}\n")
