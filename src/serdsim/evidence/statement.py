"""The answer to one statement: its test, its controls, the sceptical prior, the ablations, the verdict."""

from __future__ import annotations

from serdsim.claims.chained import weakest
from serdsim.claims.claim import Claim
from serdsim.claims.definitions import survival_words
from serdsim.claims.judge import Case, verdict
from serdsim.claims.no_flip import no_flip
from serdsim.claims.panels import read_panels
from serdsim.claims.records import Outcome
from serdsim.claims.sisters import after_class_check, class_check
from serdsim.evidence.deciding import deciding_of
from serdsim.evidence.trial import Setting, Trial, try_claim
from serdsim.experiments.runner import Readings

_DECIDES = 0.3  # share of the draws that one part must cost to be named


def answer_statement(claim: Claim, setting: Setting) -> tuple[Outcome, list[Readings]]:
    """Return the outcome of a statement and the readings behind it."""
    if claim.experiment is None and not claim.links:
        return Outcome(claim.statement, claim.statement.state, run=setting.run, verdict=None), []
    s, trial = setting, try_claim(claim, setting)
    tested = trial.tested
    before, reasons = verdict(_case(claim, s, trial))
    word, lowered = after_class_check(before, trial.sisters)
    shown = trial.readings if claim.shown is None else (*trial.readings, s.runs.of(claim.shown.id))
    own = claim.statement.id
    outcome = Outcome(
        statement=claim.statement,
        state="tested",
        data_role=trial.data_role,
        value=tested.value,
        lo90=tested.lo90,
        hi90=tested.hi90,
        verdict=word,
        p_pass=tested.p_pass,
        p_sceptical=trial.sceptical.p_pass,
        draws=s.draws.count,
        failed=tested.failed,
        reasons=(*lowered, *reasons, *_also(word, trial), *_links(claim, trial)),
        parts=tested.parts,
        controls=tested.controls,
        ablations=trial.ablations,
        panels=tuple(p for read in shown for p in read_panels(s.library / read.experiment.file, read, s.facts, s.draws.count, own)),
        run=s.run,
        hypotheses=tested.hypotheses,
        definitions=tested.definitions,
        survives=survival_words(tested.definitions, tested.passes.size),
        no_flip=no_flip(tested.p_pass, trial.ablations),
        sisters=trial.sisters,
        class_check="" if claim.links else class_check(trial.sisters),
        deciding=deciding_of(claim, before, s),
    )
    return outcome, [*shown, *trial.behind]


def _also(word: str, trial: Trial) -> tuple[str, ...]:
    """Return what a reader must know of a verdict that is not a yes: which part decides it, and that it rests on assumptions."""
    if word not in ("not supported", "inconclusive", "contradicted"):
        return ()
    said, tested = [], trial.tested
    if tested.p_without - tested.p_pass >= _DECIDES:
        said.append(f"decided by one part, {tested.decided_by}: without it {100 * tested.p_without:.0f} % of the draws pass")
    if word == "not supported" and trial.data_role == "assumed input":
        said.append("the numbers of the drug are assumptions, so this speaks of the model as much as of the drug")
    return tuple(said)


def _links(claim: Claim, trial: Trial) -> tuple[str, ...]:
    """Return of a derived statement which link is the weakest, and which cannot be tested and are left out."""
    if not claim.links:
        return ()
    least = weakest(trial.tested)
    left = [link.statement for link in claim.links if link.experiment is None]
    words = {"not_testable": "not testable on public data", "not_yet_tested": "not yet tested"}
    out = [f"{one.id} is {words[one.state]} and is left out" for one in left]
    return (f"the weakest link is {least.title}, which holds in {100 * least.p_pass:.0f} % of the draws by itself", *out)


def _case(claim: Claim, setting: Setting, trial: Trial) -> Case:
    tested, worst = trial.tested, min(trial.tested.controls, key=lambda control: control.p)
    named = claim.statement.named_ablation
    return Case(
        p_pass=tested.p_pass,
        p_sceptical=trial.sceptical.p_pass,
        p_ablation=next((one.p_off for one in trial.ablations if one.id == named and not one.tautological), None),
        reference_numeric=trial.reference_numeric,
        data_role=trial.data_role,
        p_control=worst.p,
        draws=setting.draws.count - tested.failed,
        control=worst.must_show if claim.experiment else f"{worst.id.partition(':')[0]}, {worst.must_show}",
    )
