"""httpx2: its clients."""

import httpx2
from httpx_requests import run

run(httpx2)
