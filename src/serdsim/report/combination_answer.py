"""``predict``: what two drugs are predicted to do together, with the tables, surfaces and page of a run folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from serdsim.analysis.combination import DECIDING, Against, Agreement, Combination, predict_combination
from serdsim.claims.surfaces import surface
from serdsim.endpoints.synergy import TITLES
from serdsim.engine.engines import NATIVE
from serdsim.evidence.surface_table import surface_rows
from serdsim.experiments.panel import Axis, Panel
from serdsim.experiments.reached import Reached
from serdsim.report import numbers
from serdsim.report.figure import draw
from serdsim.report.shell import environment, read_assets
from serdsim.report.surface_words import caption, points
from serdsim.results.run_record import serdsim_version

_SHOWN = ("bliss", "hsa", "loewe", "zip")


@dataclass(frozen=True)
class CombinationAnswer:
    """A prediction with its record for run.json, tables, figures (SVG by id) and page."""

    found: Combination
    record: Mapping[str, object]
    tables: Mapping[str, pd.DataFrame]
    figures: Mapping[str, str]
    page: str


def answer_combination(combination: str, **asked: Any) -> CombinationAnswer:
    """Return what two drugs are predicted to do together in a dish, with everything that a run folder holds.

    Parameters
    ----------
    combination : str
        Such as ``imlunestrant+abemaciclib``.
    **asked
        As `serdsim.analysis.combination.predict_combination` takes them: genotype, cell_line, estradiol, draws, seed, library, workers.

    Raises
    ------
    InputError
        For what the library does not have.
    """
    found = predict_combination(combination, **asked)
    panels = {model: _panel(found, model) for model in _SHOWN}
    replay = _replay(found, asked.get("library"))
    record = {
        "verb": "predict",
        "seed": found.seed,
        "model_hash": found.model_hash,
        "plan": found.plan,
        "numerics": NATIVE.numerics,
        "replay": replay,
        "status": {"ok": found.draws - found.failed, "failed": found.failed},
        "summary": f"{' with '.join(found.drugs)}, {found.genotype}: {found.agreement.verdict}",
    }
    tables = {"null_models": pd.DataFrame([null_item(one) for one in found.against]), "surfaces": surface_rows(list(panels.values()))}
    tables["reached"] = pd.DataFrame([_reached(one) for one in found.usual])
    figures = {panel.id: draw(panel) for panel in panels.values()} | {f"{p.id}-narrow": draw(p, narrow=True) for p in panels.values()}
    return CombinationAnswer(found, record, tables, figures, _page(found, panels, figures, replay))


def alone_and_together(found: Combination) -> list[tuple[str, str]]:
    """Return the effect of each drug alone and of both at what patients reach, in words with central 90 %."""
    i, j = found.at
    cells = {found.drugs[0]: (i, 0), found.drugs[1]: (0, j), "both": (i, j)}
    names = {
        found.drugs[0]: f"{found.drugs[0]} {numbers.plain(found.levels[0][i])} nM",
        found.drugs[1]: f"{found.drugs[1]} {numbers.plain(found.levels[1][j])} nM",
    }
    return [(names.get(name, name), _percent(found.effects[at])) for name, at in cells.items()]


def strip(found: Agreement) -> str:
    """Return in words whether the null models agree, and that synergy is said only where Loewe agrees with another."""
    deciding = _listed([TITLES[model] for model in DECIDING])
    rule = "synergy is said where the central 90 % lies above Loewe and at least one of the two others, which ask much the same"
    if found.verdict != "neither":
        side, which = ("above", found.above) if found.verdict == "synergy" else ("below", found.below)
        return f"{found.verdict.capitalize()}: the central 90 % lies {side} {_listed(which)}; of {deciding}, {rule}."
    said = [f"above {one}" for one in found.above] + [f"below {one}" for one in found.below]
    lies = f"the central 90 % lies {', '.join(said)} only" if said else "the central 90 % of each holds zero"
    return f"No synergy is said, and no antagonism: of {deciding}, {lies}; {rule}."


def null_row(one: Against) -> tuple[str, str, str, str]:
    """Return a null model with what it expects, the points above it, and the share of draws above it."""
    ends = f"{points(one.above)} ({points(one.lo90)} to {points(one.hi90)})"
    return one.title, f"{100 * one.expected:.0f} %", ends, numbers.probability(one.p_above)


def null_item(one: Against) -> dict[str, object]:
    """Return a null model as one row of a table or item of a document; shares of 1."""
    numbers_of = {"expected": one.expected, "above": one.above, "lo90": one.lo90, "hi90": one.hi90, "p_above": one.p_above}
    return {"model": one.model, "title": one.title, **numbers_of, "decides": one.model in DECIDING}


def reached_words(one: Reached) -> str:
    """Return what patients reach of a drug, in words."""
    lowest, mean, highest = (numbers.significant(float(np.median(one.nominal(what)))) for what in ("lowest", "mean", "highest"))
    low, high = (numbers.significant(float(value)) for value in np.quantile(one.nominal("mean"), [0.05, 0.95]))
    return (
        f"{one.regimen}: as much free drug as {mean} nM in this medium on average ({low} to {high}), {lowest} to {highest} in an interval"
    )


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _percent(values: np.ndarray) -> str:
    if not values.size:
        return numbers.MISSING
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return f"{100 * middle:.0f} % ({100 * low:.0f} to {100 * high:.0f})"


def _panel(found: Combination, model: str) -> Panel:
    drug, partner = found.drugs
    cells = f"{found.cell_line} cells, {'wild type' if found.genotype == 'WT' else found.genotype}, {found.estradiol:g} nM oestradiol"
    return Panel(
        id=f"PREDICT-{model}",
        title=f"Against {TITLES[model]}",
        x=Axis(f"{drug} in the medium (nominal)", "nM"),
        y=Axis(f"{partner} in the medium (nominal)", "nM"),
        bands=(),
        caption=f"{cells}, both drugs for {found.hours:g} h.",
        description=f"Living cells under {drug} and {partner} together against {TITLES[model]}, {cells}.",
        draws=found.draws,
        surface=surface(found.effects, *found.levels, model, "affected", list(found.usual)),
    )


def _replay(found: Combination, library: Path | None) -> str:
    words = ["serdsim predict", "+".join(found.drugs), f"--genotype {found.genotype} --line {found.cell_line}"]
    words += [f"--estradiol {found.estradiol:g} --draws {found.draws} --seed {found.seed}"]
    return " ".join(words + ([] if library is None else [f'--library "{library}"']))


def _reached(one: Reached) -> dict[str, object]:
    found: dict[str, object] = {"drug": one.drug, "regimen": one.regimen}
    for what in ("lowest", "mean", "highest"):
        for kind, values in (("free", getattr(one, what)), ("nominal", one.nominal(what))):
            low, middle, high = (float(value) for value in np.quantile(values, [0.05, 0.5, 0.95]))
            found |= {f"{kind}_{what}_nM": middle, f"{kind}_{what}_nM_lo90": low, f"{kind}_{what}_nM_hi90": high}
    return found


def _page(found: Combination, panels: Mapping[str, Panel], figures: Mapping[str, str], replay: str) -> str:
    def shown(id: str) -> Markup:
        return Markup(figures[id].replace("<svg ", '<svg class="plot" ', 1))

    facts = [
        ("Cells", f"{found.cell_line}, {found.genotype}, {found.estradiol:g} nM oestradiol before and with the drugs"),
        ("Time", f"{found.hours:g} h with the drugs"),
        ("Draws", f"{found.draws}" + (f", {found.failed} failed and are left out" if found.failed else "")),
        ("Seed", str(found.seed)),
    ]
    drawn = [(p, shown(p.id), shown(f"{p.id}-narrow"), caption(p, p.surface) if p.surface else []) for p in panels.values()]
    return (
        environment()
        .get_template("predict.html.j2")
        .render(
            title=f"What would {found.drugs[0]} and {found.drugs[1]} do together?",
            effects=alone_and_together(found),
            nulls=[null_row(one) for one in found.against],
            strip=strip(found.agreement),
            reached=[reached_words(one) for one in found.usual],
            figures=drawn,
            facts=facts,
            run=found.run,
            command=replay,
            version=serdsim_version(),
            **read_assets().parts,
        )
    )
