"""A library with one thing broken is refused before anything runs: file, line, value, expectation and repair, exit status 2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from library_cases import copied, edit, set_cell
from serdsim.errors import InputError, ModelError, ReferenceError_, TableError
from serdsim.evidence.answer import build_answer
from serdsim.model.library import load

KD = ("imlunestrant", "Kd")
RECEPTOR, EXPERIMENT = "models/cell/receptor.ant", "experiments/MOA-01.yaml"


@dataclass(frozen=True)
class Broken:
    """What is broken, the words that the message must hold, its error, and the file whose line it must name."""

    do: Callable[[Path], int | None]
    words: tuple[str, ...]
    error: type[InputError]
    file: str | None = None


def cell(table: str, row: tuple[str, ...], column: str, value: str) -> Callable[[Path], int]:
    return lambda library: set_cell(library, table, row, column, value)


def place(file: str, old: str, new: str) -> Callable[[Path], int]:
    return lambda library: edit(library, file, old, new)


def double(table: str, start: str) -> Callable[[Path], int]:
    def do(library: Path) -> int:
        path = library / table
        lines = path.read_text(encoding="utf-8").splitlines()
        lines.append(next(line for line in lines if line.startswith(start)))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return len(lines)

    return do


def holding(file: str, content: bytes | None) -> Callable[[Path], None]:
    def do(library: Path) -> None:
        if content is None:
            (library / file).unlink()
        else:
            (library / file).write_bytes(content)

    return do


def cut(table: str, row: str, cells: int) -> Callable[[Path], int]:
    def do(library: Path) -> int:
        path = library / table
        lines = path.read_text(encoding="utf-8").splitlines()
        found = next(i for i, line in enumerate(lines) if line.startswith(row))
        lines[found] = "\t".join(lines[found].split("\t")[:cells])
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return found + 1

    return do


DRUGS = "drugs.tsv"
CASES = {
    # names
    "an unknown drug": Broken(
        place(EXPERIMENT, "id: imlunestrant_WT, drug: imlunestrant", "id: imlunestrant_WT, drug: imlunestrat"),
        ('unknown drug "imlunestrat"', "drugs.tsv", "expected one of estradiol", "Did you mean imlunestrant?"),
        TableError,
    ),
    "an unknown genotype": Broken(
        place(EXPERIMENT, "drug: imlunestrant, genotype: Y537S", "drug: imlunestrant, genotype: Y573S"),
        ('unknown genotype "Y573S"', "genotypes.tsv", "expected one of WT, Y537S, D538G", "Did you mean Y537S?"),
        TableError,
    ),
    "an unknown cell line": Broken(
        place(EXPERIMENT, "cell_line: MCF7", "cell_line: MCF-7"),
        ('unknown cell_line "MCF-7"', "cell_lines.tsv", "expected one of MCF7", "Did you mean MCF7?"),
        TableError,
    ),
    "an unknown model": Broken(
        place(EXPERIMENT, "model: cell", "model: cel"),
        ('no shipped model is called "cel"', "one of cell", "Did you mean cell?"),
        ModelError,
    ),
    "an unknown source of a number": Broken(
        cell(DRUGS, ("estradiol", "k_on"), "source", "Rich2020"),
        ('the source "Rich2020" is unknown', "a key of references.bib", "Did you mean", "Rich2002"),
        ReferenceError_,
        DRUGS,
    ),
    "an unknown source of an evidence row": Broken(
        cell("evidence.tsv", ("B008",), "source", "Monsma1948"),
        ('B008: the source "Monsma1948" is unknown', "a key of references.bib", "Monsma1984"),
        ReferenceError_,
        "evidence.tsv",
    ),
    # units
    "an unknown unit": Broken(
        cell(DRUGS, KD, "unit", "nanoM"), ('unknown unit "nanoM"', "expected a product of known symbols", "Spell"), TableError, DRUGS
    ),
    "a number without a unit": Broken(
        cell(DRUGS, KD, "unit", ""), ("imlunestrant, unit: the cell is empty", "expected a unit", "Fill in"), TableError, DRUGS
    ),
    "minutes for hours": Broken(
        cell("parameters.tsv", ("k_mESR1",), "unit", "1/min"),
        ('k_mESR1: unit "1/min", but the model needs "1/h"', 'Convert the value or write the unit as "1/h"'),
        ModelError,
        "parameters.tsv",
    ),
    "a unit of another kind": Broken(
        cell(DRUGS, KD, "unit", "1/h"), ('unit "1/h", but the model needs "nM"', "Give the quantity in nM"), ModelError, DRUGS
    ),
    "a law that gives a concentration": Broken(
        place(
            RECEPTOR,
            "k_deg_nuc_apo * (1 - proteasome_block) * er_nuc_apo_W * cell;",
            "k_deg_nuc_apo * (1 - proteasome_block) * er_nuc_apo_W;",
        ),
        ("deg_nuc_apo_W", '"nM/h"', 'expected "nmol/h"', "Check"),
        ModelError,
        "receptor.ant",
    ),
    "one minus a concentration": Broken(
        place(
            RECEPTOR,
            "k_deg_nuc_apo * (1 - proteasome_block) * er_nuc_apo_W * cell;",
            "k_deg_nuc_apo * (1 - K_proteasome) * er_nuc_apo_W * cell;",
        ),
        ("deg_nuc_apo_W", "expected", "a bare number is dimensionless"),
        ModelError,
        "receptor.ant",
    ),
    "a rule without its rate constant": Broken(
        place("models/cell/transcription.ant", "PR' = k_PR * mPGR - k_PR * PR", "PR' = mPGR - PR"),
        ("PR", 'expected "1/h"', "dimensionless"),
        ModelError,
        "transcription.ant",
    ),
    "a formula that is not Antimony": Broken(
        place(RECEPTOR, "syn_W: -> er_cyt_apo_W;", "syn_W: -> -> er_cyt_apo_W;"),
        ("cannot read", "expected an Antimony statement", "Correct the line"),
        ModelError,
        "receptor.ant",
    ),
    # cells
    "an unknown column": Broken(
        place(DRUGS, "distribution\tiiv", "distribusion\tiiv"),
        ('column "distribusion" is unknown', "expected the columns drug, id, value", 'Did you mean "distribution"?'),
        TableError,
        DRUGS,
    ),
    "a negative value": Broken(
        cell(DRUGS, KD, "value", "-0.3"), ("the value is negative: -0.3", "zero or more", "Check"), TableError, DRUGS
    ),
    "a value that is not a number": Broken(
        cell(DRUGS, KD, "value", "NaN"), ('"NaN" is not finite', "expected a finite number", "Write the number"), TableError, DRUGS
    ),
    "an infinite value": Broken(
        cell(DRUGS, KD, "value", "inf"), ('"inf" is not finite', "expected a finite number", "Write the number"), TableError, DRUGS
    ),
    "a decimal comma": Broken(
        cell(DRUGS, KD, "value", "0,3"), ('"0,3" is not a number', "a number such as", "Write a point"), TableError, DRUGS
    ),
    "no value": Broken(
        cell(DRUGS, KD, "value", ""), ("imlunestrant, value: the cell is empty", "expected a number", "Fill in"), TableError, DRUGS
    ),
    "no unit": Broken(
        cell(DRUGS, KD, "unit", ""), ("imlunestrant, unit: the cell is empty", "expected a unit", "Fill in"), TableError, DRUGS
    ),
    "no grade": Broken(
        cell(DRUGS, KD, "grade", ""), ("imlunestrant, grade: the cell is empty", "expected one of primary", "Fill in"), TableError, DRUGS
    ),
    "an unknown grade": Broken(cell(DRUGS, KD, "grade", "good"), ('"good"', "expected", "primary", "assumption"), TableError, DRUGS),
    "a measurement without a source": Broken(
        cell(DRUGS, ("estradiol", "k_on"), "source", ""),
        ("k_on: grade primary without a source", "a key of references.bib", "Name where"),
        TableError,
        DRUGS,
    ),
    "a fit without a source": Broken(
        cell(DRUGS, ("estradiol", "Kd"), "source", ""), ("Kd: grade fitted without a source", "a key of"), TableError, DRUGS
    ),
    "an assumption without a source": Broken(
        cell(DRUGS, ("imlunestrant", "s"), "source", ""),
        ("s: grade assumption without a source", "a key of references.bib", "Serdsim2026"),
        TableError,
        DRUGS,
    ),
    "a distribution without its width": Broken(
        cell(DRUGS, KD, "prior", ""),
        ("a distribution without its width", "a positive number in the column prior", "Give the width"),
        TableError,
        DRUGS,
    ),
    "a share above one": Broken(
        cell(DRUGS, ("imlunestrant", "fu_plasma"), "value", "3"),
        ("a logitnormal quantity is 3", "a value between 0 and 1", "Give it as a share"),
        TableError,
        DRUGS,
    ),
    "a value outside its bounds": Broken(
        cell(DRUGS, KD, "lower", "4000"), ("lies outside lower and upper", "between them", "Correct"), TableError, DRUGS
    ),
    "a row given twice": Broken(
        double(DRUGS, "imlunestrant\tKd\t"), ("Kd: given twice, first in line", "each id once", "Keep one"), TableError, DRUGS
    ),
    "an evidence row given twice": Broken(
        double("evidence.tsv", "B008\t"), ("B008: already used in line", "each id once", "Remove one"), TableError, "evidence.tsv"
    ),
    "a row that is too short": Broken(
        cut(DRUGS, "imlunestrant\tKd\t", 5), ("5 cells", "expected 15 cells", "Count the tabs"), TableError, DRUGS
    ),
    "a number that no row gives": Broken(
        cell(DRUGS, ("imlunestrant", "af1"), "id", "af11"),
        ("af1_drug: has no value", "expected a row in parameters.tsv", 'Add a row with the id "af1_drug"'),
        ModelError,
    ),
    # files
    "a missing table": Broken(holding(DRUGS, None), ("drugs.tsv", "the file is missing", "expected a table file", "Check"), TableError),
    "an empty table": Broken(holding(DRUGS, b""), ("drugs.tsv", "the table is empty", "expected a header", "Write the header"), TableError),
    "a table that is no text": Broken(holding(DRUGS, b"\xff\xfe\x00"), ("drugs.tsv:1", "is not UTF-8", "UTF-8"), TableError),
    "a missing fragment": Broken(holding(RECEPTOR, None), ("receptor.ant", "there is no such file", "Check the path"), ModelError),
    "an empty fragment": Broken(holding(RECEPTOR, b""), ("receptor.ant", "empty", "expected"), ModelError),
    "a missing bibliography": Broken(holding("references.bib", None), ("references.bib", "expected"), ReferenceError_),
    "an empty recipe": Broken(
        holding("models/cell.yaml", b""), ("models/cell.yaml", "the file is empty", "expected id, title, fragments"), ModelError
    ),
    "a malformed recipe": Broken(
        holding("models/cell.yaml", b"id: [cell"), ("models/cell.yaml:1  not well-formed", "expected name: value", "Repair"), ModelError
    ),
    "a recipe that is no text": Broken(
        holding("models/cell.yaml", b"\xff\xfe"), ("models/cell.yaml:1", "is not UTF-8", "UTF-8", "Save"), ModelError
    ),
    "a missing experiment": Broken(holding(EXPERIMENT, None), ("MOA-01.yaml", "there is no such file", "a YAML record"), InputError),
    "an empty claim": Broken(
        holding("claims/MOA-04.yaml", b""),
        ("claims/MOA-04.yaml", "the file is empty", "expected a YAML record", "Write the fields"),
        InputError,
    ),
    "a malformed claim": Broken(
        holding("claims/MOA-04.yaml", b"id: MOA-04\nparts: ["),
        ("claims/MOA-04.yaml:", "not well-formed YAML", "expected name: value", "Repair"),
        InputError,
    ),
    "a claim that is no text": Broken(
        holding("claims/MOA-04.yaml", b"\xff"), ("claims/MOA-04.yaml:1", "is not UTF-8", "UTF-8", "Save"), InputError
    ),
    "missing ablations": Broken(holding("ablations.yaml", None), ("ablations.yaml", "no such file", "with id, title", "Check"), InputError),
    "empty ablations": Broken(holding("ablations.yaml", b""), ("ablations.yaml", "is empty", "with id, title", "Write"), InputError),
    "missing evidence": Broken(holding("evidence.tsv", None), ("evidence.tsv", "the file is missing", "expected"), TableError),
}


def listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path.relative_to(folder)), path.stat().st_mtime_ns) for path in folder.rglob("*"))


@pytest.mark.parametrize("name", CASES)
def test_a_broken_library_is_refused_in_words(tmp_path, monkeypatch, name):
    broken = CASES[name]
    library = copied(tmp_path)
    line = broken.do(library)
    before = listing(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(broken.error) as caught:
        build_answer(library=library, draws=1, only=["MOA-01"], workers=1)
    message = str(caught.value)
    for words in broken.words:
        assert words in message, message
    if broken.file is not None:
        assert f"{broken.file}:{line}" in message, message
    assert caught.value.exit_status == 2
    assert len(message.splitlines()) <= 12
    assert listing(tmp_path) == before


def test_everything_wrong_with_a_table_is_said_at_once(tmp_path):
    library = copied(tmp_path)
    lines = [set_cell(library, DRUGS, KD, "value", "-1"), set_cell(library, DRUGS, ("fulvestrant", "Kd"), "prior", "")]
    with pytest.raises(TableError) as caught:
        load("cell", library=library)
    assert [issue.line for issue in caught.value.issues] == sorted(lines)
