"""An S3 that breaks off: it passes everything on to another one, and cuts the answers after some number of objects.

Run as ``python breaking_s3.py ENDPOINT``; prints its port. ``PUT /after/N`` makes it whole for N objects more.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

_KEPT = ("range", "x-amz-date", "authorization", "x-amz-content-sha256", "if-match")


class Breaking(BaseHTTPRequestHandler):
    """One answer at a time; ``left`` says how many objects still come whole."""

    endpoint = ""
    left = 0
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        type(self).left = int(self.path.rpartition("/")[2])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self._pass_on()

    def do_HEAD(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        kept = {name: value for name, value in self.headers.items() if name.lower() in _KEPT}
        answer = httpx.request(self.command, self.endpoint + self.path, headers=kept)
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.end_headers()
        is_object = self.command == "GET" and "?" not in self.path
        type(self).left -= is_object
        if is_object and self.left < 0:
            self.wfile.write(answer.content[: len(answer.content) // 2])
            self.close_connection = True
        else:
            self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:
        """It says nothing."""


if __name__ == "__main__":
    Breaking.endpoint = sys.argv[1]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Breaking)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
