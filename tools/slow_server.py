"""A web server on this machine that answers ranges of files slowly, and fails now and then."""

from __future__ import annotations

import http.server
import os
import random
import threading
import time
from typing import Any

DELAY = 0.01


class SlowServer:
    """Serves the files of a folder while it is open.

    Attributes:
        address: where.
        failing: which share of the answers is an error or breaks off.
    """

    def __init__(self, folder: str) -> None:
        self.folder, self.failing = folder, 0.0
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.answer(self, with_body=True)

            def do_HEAD(self) -> None:
                server.answer(self, with_body=False)

            def log_message(self, format: str, *args: Any) -> None:
                """Says nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> SlowServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: http.server.BaseHTTPRequestHandler, with_body: bool) -> None:
        time.sleep(DELAY)
        path = os.path.join(self.folder, os.path.basename(request.path))
        if not os.path.isfile(path) or (with_body and random.random() < self.failing / 2):
            request.send_error(404 if not os.path.isfile(path) else 503)
            return
        with open(path, "rb") as file:
            content = file.read()
        first, last = _range(request.headers.get("Range", ""), len(content))
        request.send_response(206 if "Range" in request.headers else 200)
        request.send_header("Content-Length", str(last - first + 1))
        request.send_header("Accept-Ranges", "bytes")
        request.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        request.end_headers()
        if with_body:
            body = content[first : last + 1]
            broken = random.random() < self.failing / 2
            request.wfile.write(body[: len(body) // 2] if broken else body)
            request.close_connection = broken


def _range(asked: str, size: int) -> tuple[int, int]:
    if not asked.startswith("bytes="):
        return 0, size - 1
    first, _, last = asked[len("bytes=") :].partition("-")
    return int(first or 0), min(int(last or size - 1), size - 1)
