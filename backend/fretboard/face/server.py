"""Analyses on a server, over its HTTP API: the same object, without a model and without torch."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from fretboard.analysis.arrays import require_done
from fretboard.core import errors
from fretboard.core.analysis import Analysis
from fretboard.core.errors import FretboardError, InputError, Unavailable
from fretboard.core.progress import bar
from fretboard.core.question import Question, QuestionFields
from fretboard.core.reading import Reading
from fretboard.core.validation import from_names, query_of, validated
from fretboard.face.analysis_view import AnalysisView
from fretboard.face.picture import image_bytes
from fretboard.face.remote_source import RemoteSource
from fretboard.face.set_view import ImageSetView
from fretboard.face.test_view import CausalTestView

PERMALINK = re.compile(r"(?P<root>.*)/a/(?P<id>[A-Za-z0-9]+)/?")
ID = re.compile(r"[A-Za-z0-9]+")
SECONDS = 180.0  # a map of many tokens takes its time
KINDS = {
    kind.title: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, FretboardError)
}


class Server:
    """A running `fretboard serve`, as `fb.connect` gives it.

    >>> server
    <server http://...>
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        """token: an access token, where the server wants one."""
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx2.Client(base_url=self.url, headers=headers, timeout=SECONDS)

    def __repr__(self) -> str:
        return f"<server {self.url}>"

    def open(self, name: str) -> AnalysisView:
        """A finished analysis by its id, or by its permalink, whose reading is taken over.

        Raises NotFound, NotFinished while it runs, InputError for a link of another server.

        >>> server.open(a.id).answer == a.answer
        True
        >>> server.open(f"{server.url}/a/{a.id}?token=3&lens=raw").reading.lens.value
        'raw'
        """
        analysis_id, reading = self._parsed(name)
        return self._view(analysis_id, reading)

    def analyze(self, image: Any = None, prompt: str = "", **fields: Any) -> AnalysisView:
        """Ask the server; an answer that it knows comes at once. See `Model.analyze`.

        >>> c = server.analyze("photo.png", "What is the color of the dog?")
        >>> c.id == a.id
        True
        """
        question = from_names(Question, "field of a question", {"prompt": prompt} | fields)
        data = question.model_dump(
            mode="json", exclude_unset=True, include=set(QuestionFields.model_fields)
        )
        picture = image_bytes(image)
        files = {"image": ("image", picture)} if picture is not None else None
        answer = self._call("POST", "/api/analyses", data=data, files=files).json()
        self._follow(answer["id"], question.max_new_tokens)
        return self._view(answer["id"], Reading(), question.but(image=picture))

    def image_set(self, name: str) -> ImageSetView:
        """An image set by its id or link, `…/t/ID`; its maps are made here. Raises NotFound.

        >>> server.image_set("nothing")
        Traceback (most recent call last):
        ...
        fretboard.core.errors.NotFound: ...
        """
        parts = urlsplit(name)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items() if key == "token"}
        path = f"/api/trajectories/{parts.path.rpartition('/')[2]}/export.zip"
        with self._downloaded(path, **query) as archive:
            return ImageSetView.open(archive)

    def test(self, name: str) -> CausalTestView:
        """A finished causal test by its id or link, `…/a/ID?test=ID`. Raises NotFound.

        >>> server.test("nothing")
        Traceback (most recent call last):
        ...
        fretboard.core.errors.NotFound: ...
        """
        test_id = parse_qs(urlsplit(name).query).get("test", [name])[0]
        with self._downloaded(f"/api/experiments/{test_id}/export.zip") as archive:
            return CausalTestView.open(archive)

    def get(self, path: str, **params: Any) -> httpx2.Response:
        """A GET below the server's address (docs/api.md). Raises what the server's problem says.

        >>> server.get("/api/models").json()[0]["name"]
        'tiny-llava'
        """
        return self._call("GET", path, params=params)

    @contextmanager
    def _downloaded(self, path: str, **query: str) -> Iterator[Path]:
        with TemporaryDirectory(prefix="fretboard-") as folder:
            archive = Path(folder) / "record.zip"
            archive.write_bytes(self.get(path, **query).content)
            yield archive

    def _call(self, method: str, path: str, **content: Any) -> httpx2.Response:
        try:
            response = self._client.request(method, path, **content)
        except httpx2.TransportError as error:
            raise Unavailable(
                f"{self.url} does not answer ({error or type(error).__name__}). Check the address, "
                "and that `fretboard serve` runs there."
            ) from error
        if response.is_error:
            raise _problem(response)
        return response

    def _view(
        self, analysis_id: str, reading: Reading, question: Question | None = None
    ) -> AnalysisView:
        source = RemoteSource(self)
        response = self.get(f"/api/analyses/{analysis_id}", **query_of(reading))
        document = Analysis.model_validate_json(response.content)
        require_done(document)
        return AnalysisView(source, document, reading.under(document.request.lens), question)

    def _parsed(self, name: str) -> tuple[str, Reading]:
        if ID.fullmatch(name):
            return name, Reading()
        parts = urlsplit(name)
        place = PERMALINK.fullmatch(parts.path)
        if place is None:
            raise InputError(f"{name!r} is neither an id nor a permalink, such as {self.url}/a/….")
        root = f"{parts.scheme}://{parts.netloc}{place['root']}"
        if parts.netloc and root != self.url:
            raise InputError(f"{name} is a link of another server; this is {self.url}.")
        chosen = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        known = {key: value for key, value in chosen.items() if key in Reading.model_fields}
        return place["id"], validated(Reading, known)

    def _follow(self, analysis_id: str, tokens: int) -> None:
        """Until the event stream ends, a step of the bar for each token."""
        place = f"/api/analyses/{analysis_id}/events"
        with (
            bar(total=tokens, unit="token", desc="answer") as shown,
            self._client.stream("GET", place) as stream,
        ):
            for line in stream.iter_lines():
                shown.update(line == "event: token")


def _problem(response: httpx2.Response) -> FretboardError:
    """The server's problem document as the error that it was there."""
    try:
        problem = json.loads(response.read())
        title, detail = str(problem["title"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return Unavailable(
            f"{response.url} answered {response.status_code}: no Fretboard is there."
        )
    kind = KINDS.get(title)
    return kind(detail) if kind else FretboardError(f"{title}. {detail}")
