"""What every route needs: the runtime, the caller, and the order of checks."""

from __future__ import annotations

from starlette.requests import Request

from graph_olap_server.instance.auth import Identity, require_read, require_run
from graph_olap_server.instance.runtime import InstanceRuntime

__all__ = ["authorize_read", "authorize_run", "runtime_of"]


def runtime_of(request: Request) -> InstanceRuntime:
    """Return the instance that this request reached."""
    runtime: InstanceRuntime = request.app.state.runtime
    return runtime


async def authorize_read(request: Request, *, service: bool = False) -> Identity:
    """Return the caller, who may read; ``service`` also admits the control plane itself."""
    runtime = runtime_of(request)
    identity = await runtime.identities.resolve(request.headers)
    if not (service and identity.service):
        require_read(identity, runtime.config)
        runtime.activity.touch()
    return identity


async def authorize_run(request: Request) -> Identity:
    """Return the caller, who may run algorithms."""
    runtime = runtime_of(request)
    identity = await runtime.identities.resolve(request.headers)
    require_run(identity, runtime.config)
    runtime.activity.touch()
    return identity
