"""A search that is cut short: what it leaves, and that it goes on as if nothing had been."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from search_cases import OPTIMISERS, batch, box, rosenbrock, threads
from serdsim.errors import InputError
from serdsim.fit.found import Multistart
from serdsim.fit.minimise import Settings
from serdsim.fit.multistart import Interrupted, Progress, multistart
from serdsim.fit.point import Many, Point

SPACE = box(3, -2.0, 2.0)
COUNT = 20


class After:
    """The objective, until so many batches were asked for; then an error comes in their place."""

    def __init__(self, batches: int, error: BaseException) -> None:
        self.left, self.error = batches, error

    def __call__(self, vectors: np.ndarray) -> list[Point]:
        self.left -= 1
        if self.left < 0:
            raise self.error
        return [rosenbrock(vector) for vector in vectors]


def search(
    many: Many, optimiser: str = "L-BFGS-B", file: Path | None = None, *, count: int = COUNT, seed: int = 0, problem: str = "p"
) -> Multistart:
    return multistart(many, SPACE, seed=seed, count=count, settings=Settings(optimiser), side_by_side=6, problem=problem, file=file)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_search_that_was_stopped_by_hand_goes_on(tmp_path: Path, optimiser: str) -> None:
    file, calm = tmp_path / "kept" / "starts.jsonl", search(batch(rosenbrock), optimiser)
    with pytest.raises(Interrupted, match=r"cancelled: \d+ of 20 starts were done; they are kept in .*starts.jsonl") as stopped:
        search(After(60, KeyboardInterrupt()), optimiser, file)
    assert threads() == []
    part = stopped.value.found
    assert 0 < len(part.descents) < COUNT and not part.complete
    assert set(part.descents) < set(calm.descents)
    asked: list[int] = []

    def many(vectors: np.ndarray) -> list[Point]:
        asked.append(len(vectors))
        return [rosenbrock(vector) for vector in vectors]

    assert search(many, optimiser, file) == calm
    assert sum(asked) == sum(one.evaluations for one in calm.descents if one not in part.descents)
    asked.clear()
    assert search(many, optimiser, file) == calm and asked == []


def test_a_search_that_is_told_to_stop_returns_what_is_done(tmp_path: Path) -> None:
    cancel, file = threading.Event(), tmp_path / "starts.jsonl"

    def watch(progress: Progress) -> None:
        if progress.done >= 5:
            cancel.set()

    settings = Settings("L-BFGS-B")
    part = multistart(
        batch(rosenbrock), SPACE, count=COUNT, settings=settings, side_by_side=6, problem="p", file=file, progress=watch, cancel=cancel
    )
    assert threads() == []
    assert 5 <= len(part.descents) < COUNT and part.asked == COUNT and not part.complete
    whole = search(batch(rosenbrock), file=file)
    assert whole == search(batch(rosenbrock)) and whole.complete
    assert "5 of 20 starts" in part.text() or len(part.descents) > 5


def test_an_error_of_this_package_ends_the_search() -> None:
    with pytest.raises(InputError, match="no such row"):
        search(After(5, InputError("no such row")))
    assert threads() == []


def test_an_error_in_what_watches_ends_the_search() -> None:
    def watch(progress: Progress) -> None:
        raise OSError("the terminal is gone")

    with pytest.raises(OSError, match="the terminal is gone"):
        multistart(batch(rosenbrock), SPACE, count=4, settings=Settings("L-BFGS-B"), progress=watch)
    assert threads() == []


def test_more_starts_go_on_from_fewer(tmp_path: Path) -> None:
    file = tmp_path / "starts.jsonl"
    few = search(batch(rosenbrock), file=file, count=8)
    many = search(batch(rosenbrock), file=file)
    assert many == search(batch(rosenbrock)) and many.descents[:8] == few.descents
    assert search(batch(rosenbrock), file=file, count=8) == few


@pytest.mark.parametrize("rest", [b"", b'{"index": 3, "start": [0.1', b"\x00\x00"])
@pytest.mark.parametrize("lines", [0, 1, 5])
def test_a_line_that_was_cut_off_is_done_again(tmp_path: Path, lines: int, rest: bytes) -> None:
    file = tmp_path / "starts.jsonl"
    whole = search(batch(rosenbrock), file=file, count=8)
    kept = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(kept[:lines]) + (rest if lines else kept[0][: len(rest)]))
    assert search(batch(rosenbrock), file=file, count=8) == whole
    assert sorted(line.split(b",")[0] for line in file.read_bytes().splitlines()[1:]) == sorted(line.split(b",")[0] for line in kept[1:])


def test_starts_of_another_search_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "starts.jsonl"
    search(batch(rosenbrock), file=file, count=3)
    before = file.read_bytes()
    with pytest.raises(InputError, match=r"starts.jsonl:1  .*another search; not the same: problem, seed\.\nName another file"):
        search(batch(rosenbrock), file=file, seed=1, problem="q")
    with pytest.raises(InputError, match="not the same: settings, parameters"):
        multistart(batch(rosenbrock), box(3, -2.0, 1.0), problem="p", file=file, settings=Settings("L-BFGS-B", iterations=4))
    assert file.read_bytes() == before


@pytest.mark.parametrize(("text", "line"), [("hello", 1), ("hello\n", 1), ('{"starts": 3}\n', 1), (None, 3)])
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path: Path, text: str | None, line: int) -> None:
    file = tmp_path / "starts.jsonl"
    search(batch(rosenbrock), file=file, count=3)
    if text is None:
        first, second, third, fourth = file.read_text().splitlines()
        text = "\n".join((first, second, third[:-5], fourth, ""))
    file.write_text(text)
    with pytest.raises(InputError, match=f"starts.jsonl:{line}  not a line of finished starts"):
        search(batch(rosenbrock), file=file, count=3)
    assert file.read_text() == text
