"""The runs behind an answer: each experiment once as a whole, then the arms that tests read with the sceptical prior and ablated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Lock

from serdsim.analysis.ablation import Ablation, concerned
from serdsim.claims.claim import Claim, with_links
from serdsim.claims.sisters import run_name
from serdsim.engine.ensemble import Progress
from serdsim.engine.pools import processors
from serdsim.errors import Cancelled
from serdsim.experiments.arms import Change
from serdsim.experiments.protocol import Experiment
from serdsim.experiments.runner import Readings, run_experiment
from serdsim.simulation.draws import Draws

_LOOK = 0.25  # seconds between two looks at signals
MAIN, SCEPTICAL = "", "sceptical prior"  # what a run is called beside its experiment; an ablated one by the ablation


@dataclass(frozen=True)
class Job:
    """One run. `arms` are those that some claim reads in it; all of the experiment where it is None."""

    experiment: Experiment
    arms: Mapping[str, tuple[float, ...]] | None
    sceptical: bool = False
    change: Change | None = None

    @property
    def individuals(self) -> int:
        """How many individuals it has in each draw; the pre-run is short and not counted."""
        levels = [series.concentrations for series in self.experiment.series.values()] if self.arms is None else self.arms.values()
        return (1 + self.experiment.animals) * sum(map(len, levels))


def jobs(claims: Sequence[Claim], ablations: Sequence[Ablation], library: Path) -> Mapping[tuple[str, str], Job]:
    """Return all runs of these claims and their links by experiment and name; what several claims read is run once for all of them.

    No number depends on what else is run: which draws failed is counted by each claim over its own arms.
    """
    found = {(one.id, MAIN): Job(one, None) for claim in with_links(claims) for one in claim.experiments}
    for claim in with_links(claims):
        for one in claim.tested:
            own = Job(one, claim.arms(one))
            changes = [ablation.change for ablation in ablations if one.id in concerned(claim, ablation, library)]
            for name, job in ((SCEPTICAL, replace(own, sceptical=True)), *((change.id, replace(own, change=change)) for change in changes)):
                _add(found, (one.id, name), job)
        for one, sister in claim.swapped:
            alone = one if sister.part and sister.part.measure.reads_animals else replace(one, animals=0)
            _add(found, (one.id, run_name(sister.drug)), Job(alone, claim.arms(one, [sister.part] if sister.part else [])))
    return found


def _add(found: dict[tuple[str, str], Job], key: tuple[str, str], job: Job) -> None:
    """Put a run among the others; what has the same name is joined with it."""
    found[key] = _together(found[key], job) if key in found else job


def _together(one: Job, other: Job) -> Job:
    """Return the run that both are read from: the arms of both, with animals where one of them has any."""
    ours, theirs = one.arms or {}, other.arms or {}
    arms = {id: tuple(sorted({*ours.get(id, ()), *theirs.get(id, ())})) for id in (*ours, *theirs)}
    return replace(one if one.experiment.animals else other, arms=arms)


@dataclass(frozen=True)
class Runs:
    """The runs of an answer; each is computed when it is first asked for, or ahead of that by threads."""

    jobs: Mapping[tuple[str, str], Job]
    draws: Draws
    library: Path
    workers: int | None = None
    progress: Progress | None = None
    done: dict[tuple[str, str], Future[Readings]] = field(default_factory=dict)
    stopped: Event = field(default_factory=Event)

    def of(self, experiment: str, name: str = MAIN) -> Readings:
        """Return the readings of a run."""
        key = (experiment, name)
        if key not in self.done:
            self.done[key] = Future()
            self.done[key].set_result(self._run(self.jobs[key]))
        while not self.done[key].done():
            wait([self.done[key]], timeout=_LOOK)  # a signal may reach another thread, and this one answers it when it wakes
        return self.done[key].result()

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Compute all runs while the block asks for them, as many at once as there are workers, the longest first.

        The compiled engine lets go of the interpreter lock. No number depends on what runs beside it. When the block ends early, a run
        that is under way ends with its next chunk.
        """
        pool = ThreadPoolExecutor(self.workers or processors())
        try:
            for key, job in sorted(self.jobs.items(), key=lambda item: -item[1].individuals * item[1].experiment.hours):
                self.done[key] = pool.submit(self._run, job)
            yield
        finally:
            self.stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)
            self.stopped.clear()

    def _run(self, job: Job) -> Readings:
        draws = replace(self.draws, sceptical=True) if job.sceptical else self.draws
        settings = {"library": self.library, "workers": self.workers, "progress": self._step}
        return run_experiment(job.experiment, draws, change=job.change, only=job.arms, **settings)  # type: ignore[arg-type]

    def _step(self, title: str, done: int, total: int) -> None:
        """Show how far a run is, or end it where nobody waits for it any more."""
        if self.stopped.is_set():
            raise Cancelled(f"cancelled while {title}: nobody waits for it any more")
        if self.progress:
            self.progress(title, done, total)

    @property
    def individuals(self) -> int:
        """How many individuals all runs have."""
        return sum(job.individuals for job in self.jobs.values()) * self.draws.count

    def shown(self, progress: Progress | None) -> Runs:
        """Return the same runs with a progress that counts over all of them."""
        return self if progress is None else replace(self, progress=_overall(progress, self.individuals))


def _overall(progress: Progress, total: int) -> Progress:
    """Return a progress that counts over all runs of the answer."""
    finished: dict[str, int] = {}
    turn = Lock()

    def show(title: str, done: int, _: int) -> None:
        with turn:
            if not title.endswith("pre-run"):
                finished[title] = done
                progress("testing statements", min(sum(finished.values()), total), total)

    return show
