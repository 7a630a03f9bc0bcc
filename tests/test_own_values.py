"""Own values: a table is refused with place and repair, or takes the place of rows, and nothing else is another than before."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, log10
from pathlib import Path

import numpy as np
import pytest

from library_cases import copied
from serdsim.analysis.own_library import own_library
from serdsim.analysis.own_values import ASSAY, INTERVAL, NONE, OwnValue, read_own_values
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.read import read_claims
from serdsim.cli import main
from serdsim.errors import TableError
from serdsim.evidence.answer import build_answer
from serdsim.evidence.own import own_values, touched
from serdsim.model.library import load
from serdsim.model.recipe import shipped_library
from serdsim.references import read_references
from serdsim.report.answer import answer_moa
from serdsim.simulation.draws import Draws, given_values

LIBRARY = shipped_library()
HEAD = "id,value,unit,lower,upper,source,note"


@dataclass(frozen=True)
class Bad:
    """A file that is refused, the line that is named, and what the message must hold: what was found, expected, and to be done."""

    text: str
    line: int | None
    words: tuple[str, ...]


BAD = {
    "empty file": Bad("", None, ("empty", "id, value, unit", "header")),
    "header alone": Bad(HEAD + "\n", None, ("no value is given", "at least one row")),
    "no header": Bad("imlunestrant.Kd,0.2,nM\n", 1, ("unknown", "id, value, unit")),
    "misspelt column": Bad("id,value,unit,uper\nimlunestrant.Kd,0.2,nM,1\n", 1, ('"uper"', 'upper"')),
    "semicolons": Bad(HEAD.replace(",", ";") + "\nimlunestrant.Kd;0,2;nM;;;;\n", 1, ("semicolons", "commas")),
    "decimal comma": Bad("id,value,unit\nimlunestrant.Kd,0,2,nM\n", 2, ("4 cells", "3 cells", "decimal comma")),
    "quoted decimal comma": Bad('id,value,unit\nimlunestrant.Kd,"0,2",nM\n', 2, ('"0,2" is not a number', "point for the decimal comma")),
    "no value": Bad("id,value,unit\nimlunestrant.Kd,,nM\n", 2, ("empty", "a number", "value")),
    "words": Bad("id,value,unit\nimlunestrant.Kd,low,nM\n", 2, ('"low" is not a number', "0.26")),
    "unit in the value": Bad("id,value,unit\nimlunestrant.Kd,0.2 nM,nM\n", 2, ("not a number", "column of the unit")),
    "not a number": Bad("id,value,unit\nimlunestrant.Kd,nan,nM\n", 2, ('"nan" is not finite', "finite number")),
    "infinite": Bad("id,value,unit\nimlunestrant.Kd,inf,nM\n", 2, ('"inf" is not finite',)),
    "negative": Bad("id,value,unit\nimlunestrant.Kd,-0.2,nM\n", 2, ("-0.2 nM", "negative", "zero or more", "sign")),
    "zero": Bad("id,value,unit\nimlunestrant.Kd,0,nM\n", 2, ("value is 0 nM", "above 0", "tells from 0")),
    "exponent that slipped": Bad("id,value,unit\nimlunestrant.Kd,1e-320,nM\n", 2, ("1e-30 to 1e+30", "exponent")),
    "share above 1": Bad("id,value,unit\nimlunestrant.fu_plasma,1.2,dimensionless\n", 2, ("1.2", "between 0 and 1")),
    "percent as a share": Bad("id,value,unit\nimlunestrant.fu_plasma,3,dimensionless\n", 2, ("3", "write % as its unit")),
    "beyond a bound": Bad("id,value,unit\nimlunestrant.k_on,1000,1/(nM*h)\n", 2, ("1000", "bounds", "360 1/(nM*h)")),
    "no unit": Bad("id,value,unit\nimlunestrant.Kd,0.2,\n", 2, ("empty", "unit")),
    "unknown unit": Bad("id,value,unit\nimlunestrant.Kd,0.2,nMol\n", 2, ("nMol", "unknown unit")),
    "unit of another kind": Bad("id,value,unit\nimlunestrant.Kd,0.2,ng/mL\n", 2, ('"ng/mL"', "nM, or a unit")),
    "unknown name": Bad("id,value,unit\nimlunestrant.kD_,0.2,nM\n", 2, ("imlunestrant.kD_", "imlunestrant.Kd")),
    "name without any like it": Bad("id,value,unit\nzzz,0.2,nM\n", 2, ("zzz", "parameters.html")),
    "name of two tables": Bad("id,value,unit\nimlunestrant.CL,1,L/h\n", 2, ("2 tables", "pk_mouse:imlunestrant.CL")),
    "twice": Bad("id,value,unit\nimlunestrant.Kd,0.2,nM\nimlunestrant.Kd,0.3,nM\n", 3, ("given twice", "line 2")),
    "twice by two names": Bad("id,value,unit\nimlunestrant.Kd,0.2,nM\ndrugs:imlunestrant.Kd,0.3,nM\n", 3, ("given twice", "line 2")),
    "one end": Bad("id,value,unit,lower,upper\nimlunestrant.Kd,0.2,nM,0.1,\n", 2, ("one end", "lower and upper")),
    "ends changed over": Bad("id,value,unit,lower,upper\nimlunestrant.Kd,0.2,nM,0.4,0.1\n", 2, ("between", "lower < value < upper")),
    "value outside": Bad("id,value,unit,lower,upper\nimlunestrant.Kd,0.5,nM,0.1,0.4\n", 2, ("0.5", "between 0.1 and 0.4")),
    "no width": Bad("id,value,unit,lower,upper\nimlunestrant.Kd,0.2,nM,0.2,0.2\n", 2, ("lower < value < upper",)),
    "end of a share": Bad("id,value,unit,lower,upper\nimlunestrant.fu_plasma,90,%,50,120\n", 2, ("upper is 1.2", "between 0 and 1")),
    "negative end": Bad("id,value,unit,lower,upper\nimlunestrant.Kd,0.2,nM,-1,1\n", 2, ("lower is -1 nM", "negative")),
    "not UTF-8": Bad("id,value,unit,note\nimlunestrant.Kd,0.2,nM,\udcff\n", 2, ("UTF-8",)),
    "quote left open": Bad('id,value,unit\n"imlunestrant.Kd,0.2,nM\n', 2, ("quotes",)),
}


def written(folder: Path, *lines: str) -> Path:
    path = folder / "mine.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def one(folder: Path, line: str, head: str = HEAD) -> OwnValue:
    (value,) = read_own_values(written(folder, head, line), LIBRARY)
    return value


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_a_bad_table_is_refused_with_file_line_value_expectation_and_repair(case: Bad, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(case.text.encode("utf-8", "surrogateescape"))
    with pytest.raises(TableError) as error:
        read_own_values(path, LIBRARY)
    issue = error.value.issues[0]
    assert (issue.file, issue.line) == (str(path), case.line)
    assert issue.expected and issue.repair
    assert not [word for word in case.words if word not in str(issue)], str(issue)


def test_everything_wrong_is_said_at_once_and_the_verb_ends_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, HEAD, "imlunestrant.Kd,-1,nM,,,,", "nothing.at_all,1,nM,,,,", "imlunestrant.k_on,1,nM,,,,")
    assert main(["claim", "MOA-10", "--with", str(path), "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert all(f"mine.csv:{line}" in said for line in (2, 3, 4)) and "Traceback" not in said
    assert main(["claim", "MOA-10", "--with", str(tmp_path / "none.csv"), "--out", str(tmp_path)]) == 2
    assert "none.csv" in capsys.readouterr().err


def test_a_value_is_converted_and_gets_its_width_from_the_interval_the_assay_or_nothing(tmp_path: Path) -> None:
    spanned = one(tmp_path, "imlunestrant.Kd,80,pM,40,160,our lab,")
    assert spanned.value == pytest.approx(0.08) and spanned.width == pytest.approx(log10(4.0) / (2 * 1.6448536), rel=1e-6)
    assert (spanned.width_from, spanned.grade) == (INTERVAL, "primary")
    uneven = one(tmp_path, "imlunestrant.Kd,80,pM,70,1600,our lab,")
    assert uneven.width == pytest.approx(log10(1600 / 70) / (2 * 1.6448536), rel=1e-6) and "uneven around the value" in uneven.width_from
    share = one(tmp_path, "imlunestrant.fu_plasma,0.8,%,0.5,1.2,,")
    odds = log(0.012 / 0.988) - log(0.005 / 0.995)
    assert share.value == pytest.approx(0.008) and share.width == pytest.approx(odds / (2 * 1.6448536), rel=1e-6)
    assert share.grade == "assumption"
    bare = one(tmp_path, "imlunestrant.fu_plasma,0.008,dimensionless", "id,value,unit")
    assert bare.width_from == ASSAY and 0 < (bare.width or 0) < (share.row.row.number("prior") or 0)
    fixed = one(tmp_path, "imlunestrant.tlag,1,h", "id,value,unit")
    assert (fixed.distribution, fixed.width_from) == ("fixed", NONE)
    assert one(tmp_path, "imlunestrant.tlag,60,min,30,120", "id,value,unit,lower,upper").distribution == "lognormal"


def test_only_the_row_is_another_and_every_other_draw_stays(tmp_path: Path) -> None:
    """Kd is drawn together with another row: it is drawn apart now, and what it was mixed with keeps its numbers to the bit."""
    own = read_own_values(written(tmp_path, HEAD, "imlunestrant.Kd,0.08,nM,0.04,0.16,,", "K_drive,1.2,dimensionless,,,,"), LIBRARY)
    assert all(value.together for value in own)
    before, draws = load("cell", drug="imlunestrant"), Draws(64, 3)
    with own_library(LIBRARY, own) as changed:
        after = load("cell", library=changed, drug="imlunestrant")
        assert changed.is_dir()
    assert not changed.exists()
    ids = tuple(id for id in before.evidence if id in before.parameters)
    one_, other = given_values(before, ids, draws), given_values(after, ids, draws)
    moved = [id for id, a, b in zip(ids, one_, other, strict=True) if not np.array_equal(a, b)]
    assert moved == [id for id in ids if before.evidence[id].row in ("imlunestrant.Kd", "K_drive")]
    kd = other[ids.index("Kd_drug")]
    assert np.median(np.log10(kd)) == pytest.approx(log10(0.08), abs=0.1) and np.std(np.log10(kd)) == pytest.approx(0.183, rel=0.4)
    drive = other[ids.index("K_drive")]
    partners = [id for id in ids if "K_drive" in dict(before.evidence[id].mixture) and id != "K_drive"]
    assert partners
    for id in partners:
        assert abs(np.corrcoef(np.log(drive), np.log(other[ids.index(id)]))[0, 1]) < 0.4
    assert load("cell", drug="imlunestrant").evidence["Kd_drug"].row == "imlunestrant.Kd"  # the shipped one is as it was
    assert given_values(load("cell", drug="imlunestrant"), ids, draws).tobytes() == one_.tobytes()


def test_a_row_of_the_same_name_in_another_table_keeps_its_draws(tmp_path: Path) -> None:
    """Mice and patients have a clearance of the same name, drawn with others: a clearance measured in mice is none of patients."""
    own = read_own_values(written(tmp_path, HEAD, "pk_mouse:abemaciclib.CL,0.05,L/h,,,,"), LIBRARY)
    with own_library(LIBRARY, own) as changed:
        for host, moves in (("mouse", True), ("patient", False)):
            before, after = (load(host, library=root, partner="abemaciclib") for root in (LIBRARY, changed))
            assert before.evidence["CL_partner"].mixture
            a, b = (given_values(model, tuple(model.evidence), Draws(16, 1)) for model in (before, after))
            assert [id for id, x, y in zip(before.evidence, a, b, strict=True) if not np.array_equal(x, y)] == ["CL_partner"] * moves


def test_a_source_becomes_a_reference_and_a_known_key_stays_one(tmp_path: Path) -> None:
    lines = (
        "imlunestrant.Kd,0.08,nM,,,Rich2002,",
        'imlunestrant.k_on,10,1/(nM*h),,,"our {lab}, 2026; \\x %",',
        "K_drive,1.2,dimensionless,,,,",
    )
    with own_library(LIBRARY, read_own_values(written(tmp_path, HEAD, *lines), LIBRARY)) as changed:
        model, references = load("cell", library=changed), read_references(changed / "references.bib")
    sources = [model.evidence[id].source[0] for id in ("Kd_drug", "k_on_drug", "K_drive")]
    assert sources[0] == "Rich2002" and "our" in references[sources[1]].title and "without a source" in references[sources[2]].title
    assert [model.evidence[id].grade for id in ("Kd_drug", "k_on_drug", "K_drive")] == ["primary", "primary", "assumption"]


def test_the_answer_tells_both_verdicts_and_the_run_id_covers_the_content(tmp_path: Path) -> None:
    """One draw is enough to see that both are run; the statement about exposure reads the clearance of patients and not Kd."""
    path = written(tmp_path, HEAD, "pk_human:imlunestrant.F_po,0.2 ,dimensionless,,,,", "imlunestrant.Kd,0.08,nM,,,,")
    result = answer_moa(draws=4, only=["MOA-10"], with_values=path)
    plain = build_answer(draws=4, only=["MOA-10"]).answer
    own = result.answer.own
    assert own is not None and plain.own is None and plain.run != result.answer.run
    (change,) = own.changes
    assert change.p_before == plain.outcomes[0].p_pass and change.p_after == result.answer.outcomes[0].p_pass
    assert "imlunestrant.F_po" in change.rows
    assert "Not the shipped answer" in result.page and str(path) in result.page and str(path) in result.answer.replay
    assert "serdsim-own" not in result.page + result.parameters + repr(result.record)
    other = written(tmp_path, HEAD, "pk_human:imlunestrant.F_po,0.3,dimensionless,,,,", "imlunestrant.Kd,0.08,nM,,,,")
    with own_values(other, LIBRARY) as changed:
        assert build_answer(draws=4, only=["MOA-10"], own=changed).answer.run not in (plain.run, result.answer.run)


def test_a_statement_is_run_again_only_where_it_reads_a_replaced_row(tmp_path: Path) -> None:
    references = read_references(LIBRARY / "references.bib")
    claims = read_claims(LIBRARY, read_facts(LIBRARY, references), references)
    with own_values(written(tmp_path, HEAD, "fulvestrant.Kd,0.08,nM,,,,"), LIBRARY) as own:
        reads = touched(own, claims)
    assert reads["MOA-01"] == ("fulvestrant.Kd",) and "MOA-10" not in reads


def test_another_library_is_the_one_that_is_changed(tmp_path: Path) -> None:
    library = copied(tmp_path)
    value = one(tmp_path, "imlunestrant.Kd,0.08,nM,,,,")
    with own_library(library, [value]) as changed:
        assert load("cell", library=changed)["Kd_drug"].value == 0.08
    assert load("cell", library=library)["Kd_drug"].value == load("cell")["Kd_drug"].value
