"""Requests to servers that tests start: without httpx's 50 ms of reading certificates for each."""

from functools import partial

import httpx

get = partial(httpx.get, verify=False)
post = partial(httpx.post, verify=False)
delete = partial(httpx.delete, verify=False)
stream = partial(httpx.stream, verify=False)
