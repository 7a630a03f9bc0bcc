"""The command line as typer knows it; importing this must stay fast, so verbs import what they need when they run."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from serdsim.cli import bench, check, cite, claim, design, fit, moa, nca, predict, resume, runs, score, serve, simulate, synergy
from serdsim.errors import Cancelled


class ReaderGone(Exception):
    """The program that read our output has closed it, as `head` does."""


class Verbs(TyperGroup):
    """The verbs; takes interruptions out of typer's hands, whose versions disagree about them."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb of `ctx`."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Cancelled("cancelled; what simulate and fit finished is kept") from error
        except BrokenPipeError as error:
            raise ReaderGone from error


app = typer.Typer(
    cls=Verbs,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="An executable mechanism of action of imlunestrant: every statement with its references, its experiment and its verdict.",
)


def _version(asked: bool) -> None:
    if asked:
        from serdsim.results.run_record import serdsim_version

        print(f"serdsim {serdsim_version()}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


for _name, _verb in (
    ("moa", moa.moa),
    ("claim", claim.claim),
    ("design", design.design),
    ("simulate", simulate.simulate),
    ("fit", fit.fit),
    ("resume", resume.resume),
    ("check", check.check),
    ("cite", cite.cite),
    ("runs", runs.runs),
    ("serve", serve.serve),
    ("bench", bench.bench),
    ("score", score.score),
    ("nca", nca.nca),
    ("predict", predict.predict),
    ("synergy", synergy.synergy),
):
    app.command(_name)(_verb)
