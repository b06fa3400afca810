"""httpx: its clients."""

import httpx
from httpx_requests import run

run(httpx)
