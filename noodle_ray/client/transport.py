"""Requests to a platform, and what comes back as values or exceptions: what both clients are built on."""

import time
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

import httpx

from noodle_ray.client.failures import error_of, unreachable
from noodle_ray.errors import PlatformError, UsageError

GRACE = 30.0
"""Seconds that a reply may take beyond the run's deadline."""

PATIENCE = 60.0
"""Seconds to keep asking a busy platform, unless told otherwise."""


class AsyncTransport:
    """Speaks to the platform at ``url``. Belongs to the event loop that first uses it."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        patience: float = PATIENCE,
        priority: str | None = None,
        tenant: str | None = None,
        deadline: float | None = None,
    ) -> None:
        self.url = checked_url(url)
        self.patience = patience
        self._token = token or find_token(self.url)
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        headers |= _terms(priority, tenant, deadline)
        limits = httpx.Limits(max_connections=256, max_keepalive_connections=64)
        self._http = httpx.AsyncClient(
            base_url=self.url, headers=headers, limits=limits, timeout=httpx.Timeout(GRACE, connect=5.0, pool=None)
        )

    def stream(
        self, method: str, path: str, timeout: float, body: object = None
    ) -> AbstractAsyncContextManager[httpx.Response]:
        """Make one request whose answer is read while it comes; ``timeout`` is for each part of it."""
        return self._http.stream(method, path, json=body, timeout=httpx.Timeout(timeout, connect=5.0, pool=None))

    async def ready(self) -> bool:
        """Return whether the platform answers and is ready."""
        try:
            return (await self._http.get("/readyz", timeout=5.0)).status_code == 200
        except httpx.HTTPError:
            return False

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def ask_json(
        self, method: str, path: str, body: object = None, *, timeout: float = GRACE, source: str = ""
    ) -> dict[str, Any]:
        """Make one request and return the object that answers it; an answer without content gives an empty one."""
        import asyncio

        until = time.monotonic() + self.patience
        while True:
            try:
                response = await self._http.request(
                    method, path, json=body, timeout=httpx.Timeout(timeout, connect=5.0, pool=None)
                )
            except httpx.TimeoutException as error:
                raise PlatformError(
                    f"the platform at {self.url} did not answer in time ({type(error).__name__})", code="NOODLE-E0811"
                ) from None
            except httpx.HTTPError as error:
                raise unreachable(self.url, error) from None
            except (TypeError, ValueError, RecursionError) as error:
                raise UsageError(f"the arguments are not JSON data: {error}", code="NOODLE-E0915") from None
            if response.status_code == 204:
                return {}
            if response.is_success:
                return _object(response, self.url)
            wait = retry_after(response)
            if wait is None or time.monotonic() + wait > until:
                raise error_of(response, self.url, source)
            await asyncio.sleep(wait)


def checked_url(url: str) -> str:
    """Return the URL without a path's final slash. Raises UsageError E0916 if it is not http or https."""
    text = url if "://" in url else f"http://{url}"
    try:
        parsed = httpx.URL(text)
    except (httpx.InvalidURL, TypeError):
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UsageError(
            f"{url!r} is not the address of a platform", code="NOODLE-E0916", hint="write it like http://127.0.0.1:8000"
        )
    return text.rstrip("/")


def find_token(url: str) -> str | None:
    """Return the token for a platform: from the environment, or for one on this machine from the token file."""
    import os

    from noodle_ray.security.tokens import read_token

    local = httpx.URL(url).host in ("127.0.0.1", "localhost", "::1")
    return read_token() if local or os.environ.get("NOODLE_TOKEN") else None


def _object(response: httpx.Response, url: str) -> dict[str, Any]:
    try:
        value = response.json()
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise PlatformError(f"what answers at {url} is not a Noodle platform", code="NOODLE-E0812")
    return value


def retry_after(response: httpx.Response) -> float | None:
    """The seconds after which a busy platform may be asked again; None if it is not busy."""
    if response.status_code not in (429, 503):
        return None
    try:
        return min(max(float(response.headers.get("Retry-After", "1")), 0.05), 30.0)
    except ValueError:
        return 1.0


def _terms(priority: str | None, tenant: str | None, deadline: float | None) -> dict[str, str]:
    """The headers that say this. Raises RequestError E0750."""
    from noodle_ray.core.runs.terms import checked

    checked(priority, tenant, deadline)
    said = {"Noodle-Priority": priority, "Noodle-Tenant": tenant, "Noodle-Deadline": deadline}
    return {name: str(value) for name, value in said.items() if value is not None}
