"""A hub on this machine that serves checkpoints' folders."""

import contextlib
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "a" * 40


@contextlib.contextmanager
def hub(repositories):
    """repositories: folder by name. Gives its address, for HF_ENDPOINT."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.repositories = repositories
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


class Handler(BaseHTTPRequestHandler):
    """What huggingface_hub asks of the hub: facts of a repository, its tree, its files."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def log_message(self, *_):
        pass

    def _answer(self):
        path = self.path.partition("?")[0].removeprefix("/api/models").removeprefix("/")
        name = next((n for n in self.server.repositories if f"{path}/".startswith(f"{n}/")), None)
        if name is None:
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        folder, rest = self.server.repositories[name], path.removeprefix(name).split("/")[1:]
        if rest[:1] == ["resolve"]:
            return self._file(folder / "/".join(rest[2:]))
        files = [
            {"rfilename": file.name, "path": file.name, "size": file.stat().st_size,
             "type": "file", "oid": COMMIT}
            for file in sorted(folder.iterdir())
        ]  # fmt: skip
        if rest[:1] == ["tree"]:
            within = len(rest) > 2  # of a folder inside, and there is none
            return self._missing() if within else self._send(200, json.dumps(files).encode(), {})
        facts = {"id": name, "sha": COMMIT, "siblings": files, "private": False, "tags": []}
        return self._send(200, json.dumps(facts).encode(), {})

    def _file(self, path):
        if not path.is_file():
            return self._missing()
        data = path.read_bytes()
        tag = hashlib.sha256(data).hexdigest()
        return self._send(200, data, {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT})

    def _missing(self):
        return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})

    def _send(self, status, data, headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            with contextlib.suppress(ConnectionError):
                self.wfile.write(data)
