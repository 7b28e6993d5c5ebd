"""A hub on this machine that serves folders, and a process that uses it."""

import contextlib
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "a" * 40


@contextlib.contextmanager
def hub(repositories, slow=0.0):
    """repositories: folder by name. slow: seconds to wait before each file. Gives its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self):
            self._answer()

        def do_GET(self):
            self._answer()

        def log_message(self, *_):
            pass

        def _answer(self):
            name, _, rest = next(
                (
                    self.path.removeprefix("/api/models").removeprefix("/").partition(name)
                    for name in repositories
                    if f"/{name}/" in f"{self.path}/"
                ),
                ("", "", None),
            )
            folder = next((f for n, f in repositories.items() if f"/{n}/" in f"{self.path}/"), None)
            if folder is None or name:
                return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            if "/resolve/" in rest:
                path = folder / rest.split(f"{COMMIT}/")[-1].split("main/")[-1].partition("?")[0]
                if not path.is_file():
                    return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
                if self.command == "GET":
                    waiting.wait(slow)
                data = path.read_bytes()
                tag = hashlib.sha256(data).hexdigest()
                return self._send(200, data, {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT})
            files = [
                {"rfilename": path.name, "path": path.name, "size": path.stat().st_size,
                 "type": "file", "oid": COMMIT}
                for path in sorted(folder.iterdir())
            ]  # fmt: skip
            if "/tree/" in rest and rest.partition("?")[0].count("/") > 2:  # of a folder inside
                return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            if "/tree/" in rest:
                return self._send(200, json.dumps(files).encode(), {})
            facts = {"id": "x/y", "sha": COMMIT, "siblings": files, "private": False, "tags": []}
            return self._send(200, json.dumps(facts).encode(), {})

        def _send(self, status, data, headers):
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(data)

    waiting = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        waiting.set()
        server.shutdown()
