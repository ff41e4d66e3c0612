"""Versions of deployments. Serve replaces all replicas at every deploy unless a deployment has the version it had.

The version is a digest of what the replicas are made from, and of the process that deploys: what another one left on
the cluster may have been made by other code.
"""

import hashlib
import json
import secrets
from typing import Any

_PROCESS = secrets.token_hex(8)


def digest(*parts: Any) -> str:
    """A digest of JSON-able values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def pin(deployment: Any, *parts: Any) -> Any:
    """The deployment, whose replicas stay as long as it is deployed with these parts again.

    Serve has no public way to say this: `serve.deployment(version=...)` is gone, the field is not.
    """
    deployment._version = digest(_PROCESS, *parts)
    return deployment
