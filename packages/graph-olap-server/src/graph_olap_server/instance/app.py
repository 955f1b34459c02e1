"""The instance's ASGI application: routes, error handlers and the middleware both services share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette

from graph_olap_server.instance.routes import ROUTES
from graph_olap_server.instance.runtime import InstanceRuntime
from graph_olap_server.web import EXCEPTION_HANDLERS, RequestMiddleware

__all__ = ["create_app"]


def create_app(runtime: InstanceRuntime, on_start: Callable[[], None] | None = None) -> RequestMiddleware:
    """Build the application of one instance; ``on_start`` is called once it serves."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if on_start is not None:
            on_start()
        yield
        await runtime.activity.close()

    context: Callable[[Starlette], AbstractAsyncContextManager[None]] = lifespan
    app = Starlette(routes=ROUTES, exception_handlers=dict(EXCEPTION_HANDLERS), lifespan=context)
    app.router.redirect_slashes = False
    app.state.runtime = runtime
    return RequestMiddleware(app, quiet=("/health", "/ready", "/status"))
