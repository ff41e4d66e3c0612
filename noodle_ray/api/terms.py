"""The terms of a request: headers that say how urgent it is, for whom, and for how long its answer is wanted.

``Noodle-Priority``: ``interactive``, ``normal`` or ``batch``. ``Noodle-Tenant``: a name whose calls share one turn.
``Noodle-Deadline``: seconds. Calls of models that the request leads to inherit them, those of a program too.
"""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from noodle_ray.api.oip.errors import error_response as oip_error
from noodle_ray.api.oip.errors import speaks_oip
from noodle_ray.api.openai.errors import error_response, speaks_openai
from noodle_ray.api.problems import problem
from noodle_ray.api.tei.errors import POSTS as TEI_POSTS
from noodle_ray.api.tei.errors import error_response as tei_error
from noodle_ray.core.runs.terms import checked, under
from noodle_ray.errors import RequestError

HEADERS: Final = {"noodle-priority": "priority", "noodle-tenant": "tenant", "noodle-deadline": "deadline"}

_NAMES: Final = {name.encode(): said for name, said in HEADERS.items()}
_POLICY_VIOLATION: Final = 1008  # RFC 6455, section 7.4.1


class OnTerms:
    """ASGI middleware: puts a request's terms around what it does. A tenant that the gate found goes before one that
    the request names.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        said = {_NAMES[name]: value for name, value in scope.get("headers", ()) if name in _NAMES}
        tenant = scope.get("tenant", "")
        if not said and not tenant:
            await self._app(scope, receive, send)
            return
        try:
            terms = checked(**{name: value.decode("latin-1") for name, value in said.items()})
        except RequestError as error:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": error.message[:120]})
            else:
                await _refusal(error, scope)(scope, receive, send)
            return
        with under(terms._replace(tenant=tenant or terms.tenant, whose=tenant)):
            await self._app(scope, receive, send)


def _refusal(error: RequestError, scope: Scope) -> ASGIApp:
    if speaks_openai(scope):
        return error_response(400, error.code, error.message)
    if speaks_oip(scope):
        return oip_error(400, error.code, error.message)
    if scope["path"] in TEI_POSTS:
        return tei_error(400, "Validation", error.code, error.message)
    return problem(400, error.code, error.message, trace_id=scope["trace_id"])
