"""Which methods an address takes, by the app's own document: the router knows just those of the first route."""

import re
from typing import Any

from fastapi import FastAPI


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """The methods of the route that fits best, which is the one with most letters of its own; none if there is none.

    RFC 9110, 15.5.6: a 405 must list all of them.
    """
    found: dict[str, Any] = app.openapi()["paths"]
    for template in sorted(found, key=lambda template: len(re.sub(r"{.*?}", "", template)), reverse=True):
        pattern = "".join(".+" if part.startswith("{") else re.escape(part) for part in re.split(r"({.*?})", template))
        if re.fullmatch(pattern, path):
            return sorted(method.upper() for method in found[template])
    return []
