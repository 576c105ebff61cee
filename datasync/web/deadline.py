"""A time by which a request has to be over, whatever it is waiting for.

HTTP clients bound each single wait, so a server that sends a byte a minute is waited for without an end, in the headers
of an answer as in its body. Here a timer takes the connection away from under such a request.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any


class Deadline:
    """Ends the request that it was last begun for, when its time is over. For one request at a time."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.is_over = seconds, False
        self._timer: threading.Timer | None = None
        self._connection: Any = None

    def begin(self) -> None:
        """Count from now on, for another request."""
        self.end()
        self.is_over = False
        self._timer = threading.Timer(self.seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """The request is over in time."""
        if self._timer:
            self._timer.cancel()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpx tells of a request on its way (its extension `trace`): here, over which connection it goes."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._connection = info["return_value"]

    def _cut(self) -> None:
        self.is_over = True
        connected = self._connection and self._connection.get_extra_info("socket")
        if connected:
            with suppress(OSError):  # it may be closed at this very moment
                connected.shutdown(socket.SHUT_RDWR)
