"""1000 permalinks opened in a minute beside 20 analyses underway: `make faults`. Prints figures."""

import asyncio
import itertools
import threading
import time

import httpx
import numpy as np

from tests.support import http
from tests.support.images import encode
from tests.support.random_data import fresh
from tests.support.servers import wait_for
from tests.support.service import Listener, accepted, service, until

OPENS, SECONDS, UNDERWAY, SPARE, KNOWN = 1000, 60.0, 20, 10, 12
TOKENS = 400


def test_a_thousand_opens_beside_twenty_analyses(tmp_path, checkpoint_folder, random_image):
    with service(tmp_path, checkpoint_folder, FRETBOARD_BATCH="8") as (redis, web, _):
        png = encode(random_image, "PNG")
        known = [ask_with_image(web, png, f"known {row}", 12) for row in range(KNOWN)]
        for one in known:
            until(web, one, "done")
        with Feeder(web) as feeder:
            wait_for(lambda: feeder.underway >= UNDERWAY + SPARE, seconds=60)
            began = time.monotonic()
            seconds, statuses = asyncio.run(open_all(web, known))
            spent = time.monotonic() - began
        errors = [status for status in statuses if status != 200]
        worst = np.percentile(seconds, [50, 95, 99, 100])
        print(
            f"\n{OPENS} opens ({len(statuses)} requests) in {spent:.1f} s, "
            f"{feeder.fewest}–{feeder.most} analyses underway, {len(feeder.done)} finished "
            f"meanwhile; errors: {len(errors)}; seconds an open: median {worst[0]:.3f}, "
            f"95 % {worst[1]:.3f}, 99 % {worst[2]:.3f}, most {worst[3]:.3f}; Redis "
            f"{redis.client.info('memory')['used_memory'] / 1e6:.1f} MB"
        )
        assert not errors
        assert feeder.fewest >= UNDERWAY
        for one in feeder.asked:
            assert len(until(web, one, "done")["tokens"]) == TOKENS
        for listener in feeder.listeners:
            assert listener.end()[0] == "done"
            assert listener.tokens == list(range(TOKENS))
        assert "Traceback" not in web.log


def ask_with_image(web, png, prompt, tokens):
    answer = http.post(
        f"{web.url}/api/analyses",
        data={"prompt": prompt, "max_new_tokens": str(tokens)},
        files={"image": ("x.png", png)},
        timeout=60,
    )
    assert answer.status_code == 202, answer.text
    return answer.json()["id"]


class Feeder(threading.Thread):
    """Keeps so many analyses underway, each followed by a client."""

    def __init__(self, web):
        super().__init__(daemon=True)
        self._web, self._over = web, threading.Event()
        self.asked, self.done, self.listeners = [], set(), []
        self.underway, self.fewest, self.most = 0, UNDERWAY, 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_error):
        self._over.set()
        self.join()

    def run(self):
        for number in itertools.count():
            if self._over.is_set():
                return
            self._count()
            if self.underway >= UNDERWAY + SPARE:
                time.sleep(0.3)
                continue
            one = accepted(self._web, prompt=f"question {number}", max_new_tokens=str(TOKENS))
            self.asked.append(one)
            self.listeners.append(Listener(self._web, one))

    def _count(self):
        full = self.underway >= UNDERWAY
        ended = {one for one, told in zip(self.asked, self.listeners, strict=True) if told.ended}
        self.done = ended
        self.underway = len(self.asked) - len(ended)
        self.most = max(self.most, self.underway)
        if full:
            self.fewest = min(self.fewest, self.underway)


async def open_all(web, known):
    """Seconds of each open, and the status of every request."""
    # Shorter than the server's, or a connection is taken up just when the server closes it.
    limits = httpx.Limits(max_connections=200, keepalive_expiry=2.0)
    async with httpx.AsyncClient(base_url=web.url, timeout=30, limits=limits) as client:
        random = fresh()
        moments = np.sort(random.uniform(0, SECONDS, OPENS))
        chosen = random.choice(known, OPENS)
        began = time.monotonic()

        async def one(moment, analysis_id):
            await asyncio.sleep(max(0.0, moment - (time.monotonic() - began)))
            start = time.monotonic()
            record = f"/api/analyses/{analysis_id}"
            paths = ("/api/models", record, f"{record}/image", f"{record}/figures/fretboard")
            answers = await asyncio.gather(*(client.get(path) for path in paths))
            return time.monotonic() - start, [answer.status_code for answer in answers]

        told = await asyncio.gather(*map(one, moments, chosen))
    return [seconds for seconds, _ in told], [status for _, found in told for status in found]
