"""The local server: routes, headers, and the socket that it listens on; it answers this machine alone."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from serdsim.app import pages
from serdsim.app.entries import read_catalogue
from serdsim.app.files import find_file, first_page, media_type, policy_of
from serdsim.app.latest import latest_answers
from serdsim.app.search import build_index, search
from serdsim.errors import InputError, Issue, SerdsimError
from serdsim.results.run_folder import list_runs

HOST = "127.0.0.1"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",
}


def build_app(library: Path, out: Path) -> FastAPI:
    """Return the server over a library and a folder of runs, which is read anew for each page.

    Raises
    ------
    InputError
        For anything wrong in the library.
    """
    catalogue = read_catalogue(library)
    index = build_index(catalogue.entries, catalogue.names)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    def site() -> pages.Site:
        return pages.Site(catalogue, latest_answers(out, catalogue.questions), str(out))

    @app.get("/")
    def home() -> Response:
        return HTMLResponse(pages.render_home(site()))

    @app.get("/search")
    def find(q: str = "") -> Response:
        return HTMLResponse(pages.render_search(site(), search(index, q)))

    @app.get("/q/{question}")
    def question(question: str) -> Response:
        now = site()
        if question not in {one.id for one in catalogue.questions}:
            raise HTTPException(404, "No question has this name.")
        if question not in now.answered:
            words = "No finished run in this folder answers this question yet."
            return HTMLResponse(pages.render_problem(now, now.question(question).words, words, pages.command(question)), 404)
        return RedirectResponse(now.answered[question].address)

    _add_runs(app, out, site)
    _add_problems(app)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    app.middleware("http")(_with_headers)
    return app


def _add_runs(app: FastAPI, out: Path, site: Callable[[], pages.Site]) -> None:
    """Add the list of runs and their files."""

    @app.get("/runs")
    def runs() -> Response:
        return HTMLResponse(pages.render_runs(site(), list_runs(out)))

    @app.get("/runs/{run}/{path:path}")
    def file(run: str, path: str) -> Response:
        if not path and (first := first_page(out, run)):
            return RedirectResponse(f"/runs/{run}/{first}")
        found = find_file(out, run, path)
        if found is None:
            raise HTTPException(404, "No run has this file.")
        content = found.read_bytes()
        policy = {"Content-Security-Policy": policy_of(content if found.suffix == ".html" else b"")}
        return Response(content, media_type=media_type(found), headers=policy)


def _add_problems(app: FastAPI) -> None:
    """Answer what is not there, and what is wrong with a folder, with a page."""

    @app.exception_handler(HTTPException)
    def refused(_: Request, problem: HTTPException) -> Response:
        words = problem.detail if problem.detail != "Not Found" else "This server has no such page."
        return HTMLResponse(
            pages.render_problem(None, "Not found" if problem.status_code == 404 else "Refused", words), problem.status_code
        )

    @app.exception_handler(SerdsimError)
    def wrong(_: Request, problem: SerdsimError) -> Response:
        return HTMLResponse(pages.render_problem(None, "This cannot be shown", str(problem)), 500)


async def _with_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Put the headers on every answer; a page of a run brings its own policy."""
    response = await answer(request)
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Content-Security-Policy", pages.policy())
    return response


def listen(port: int) -> socket.socket:
    """Return a socket of this machine that is bound to `port`; 0 takes any that is free.

    Raises
    ------
    InputError
        When the port is taken or not ours to use; names one that is free.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
        bound.listen()
    except OSError as error:
        bound.close()
        with listen(0) as free:
            repair = f"Try: serdsim serve --port {free.getsockname()[1]}"
        raise InputError(Issue(f"port {port} cannot be used: {error.strerror}", expected="a free port", repair=repair)) from None
    return bound


def run_server(app: FastAPI, bound: socket.socket) -> None:
    """Answer until an interrupt."""
    import uvicorn

    with bound:
        uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)).run(sockets=[bound])
