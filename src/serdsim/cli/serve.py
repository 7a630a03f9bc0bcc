"""``serdsim serve``: questions, search and runs in a browser of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serdsim.cli import options
from serdsim.errors import InputError, Issue

PORT = 8710


def serve(
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port of 127.0.0.1; 0 takes a free one.")] = PORT,
    out: options.Out = Path("runs"),
    library: options.Library = None,
) -> None:
    """Serve questions, search and runs to a browser.

    Only this machine can reach it, and nothing leaves it. Ends with Ctrl-C.
    """
    from serdsim.cli.screen import say
    from serdsim.model.recipe import shipped_library

    try:
        from serdsim.app.server import HOST, build_app, listen, run_server
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in ("fastapi", "starlette", "uvicorn"):
            raise
        raise InputError(Issue("the server needs fastapi and uvicorn", repair='Install them with: pip install "serdsim[serve]"')) from None
    bound = listen(port)
    app = build_app(library or shipped_library(), out)
    say(f"http://{HOST}:{bound.getsockname()[1]}/  (Ctrl-C ends it; runs of {out})")
    try:
        run_server(app, bound)
    except KeyboardInterrupt:
        say("ended")
