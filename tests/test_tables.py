"""A table says where it is wrong, says it all at once, and comes back as it was written."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serdsim.errors import TableError
from serdsim.tables import Column, format_number, read_table, require_unique, write_table

COLUMNS = (
    Column("id"),
    Column("value", "number"),
    Column("n", "optional_number"),
    Column("unit", "unit"),
    Column("role", "choice", ("prior", "calibrate")),
    Column("note", required=False),
)
HEAD = "id\tvalue\tn\tunit\trole\tnote\n"


def _table(tmp_path: Path, text: str, name: str = "t.tsv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def _issues(path: Path) -> list[tuple[int | None, str | None, str, str, str]]:
    with pytest.raises(TableError) as caught:
        read_table(path, COLUMNS)
    assert all(issue.file == str(path) for issue in caught.value.issues)
    return [(i.line, i.id, i.problem, i.expected or "", i.repair or "") for i in caught.value.issues]


def test_rows_are_typed_and_keep_their_line(tmp_path):
    path = _table(tmp_path, "# a comment\n" + HEAD + "\nKd\t0.26\t\tnM\tprior\t\n# another\nkon\t1.3e6\t3\t1/(M*s)\tcalibrate\tx\n")
    rows = read_table(path, COLUMNS)
    assert [row.line for row in rows] == [4, 6]
    assert dict(rows[0].values) == {"id": "Kd", "value": 0.26, "n": None, "unit": "nM", "role": "prior", "note": ""}
    assert rows[1]["n"] == 3.0 and rows[1].number("value") == 1.3e6 and rows[1].text("id") == "kon" and rows[1].file == str(path)
    with pytest.raises(TypeError):
        rows[0].values["id"] = "other"  # type: ignore[index]


@pytest.mark.parametrize("name", ["t.tsv", "t.csv"])
def test_quotes_are_honoured_and_a_cell_may_span_lines(tmp_path, name):
    sign = "\t" if name.endswith("tsv") else ","
    cells = ["a", "1", "", "nM", "prior", f'"two\n# lines, {sign}and a ""word"""']
    path = _table(tmp_path, HEAD.replace("\t", sign) + sign.join(cells) + "\n" + sign.join(["b", "2", "", "nM", "prior", ""]) + "\n", name)
    rows = read_table(path, COLUMNS)
    assert rows[0]["note"] == f'two\n# lines, {sign}and a "word"'
    assert [row.line for row in rows] == [2, 4]


def test_columns_may_stand_in_another_order_and_a_mark_of_utf8_is_skipped(tmp_path):
    path = _table(tmp_path, "\ufeffnote,role,unit,n,value,id\r\n,prior,nM,,2,a\r\n", "t.csv")
    assert read_table(path, COLUMNS)[0]["id"] == "a"


@pytest.mark.parametrize(
    ("cells", "who", "problem", "expected", "repair"),
    [
        ("a\t1,5\t\tnM\tprior\t", "a, value", '"1,5" is not a number', "1.3e6", "decimal comma"),
        ("a\tabout 3\t\tnM\tprior\t", "a, value", '"about 3" is not a number', "1.3e6", "digits only"),
        ("a\t1_000\t\tnM\tprior\t", "a, value", '"1_000" is not a number', "1.3e6", "digits only"),
        ("a\tnan\t\tnM\tprior\t", "a, value", '"nan" is not finite', "a finite number", "Write the number"),
        ("a\t1\t-inf\tnM\tprior\t", "a, n", '"-inf" is not finite', "a finite number", "empty"),
        ("a\t\t\tnM\tprior\t", "a, value", "the cell is empty", "a number", 'column "value"'),
        ("\t1\t\tnM\tprior\t", "id", "the cell is empty", "a text", 'column "id"'),
        ("a\t1\t\t\tprior\t", "a, unit", "the cell is empty", "a unit", 'column "unit"'),
        ("a\t1\t\tnMolar\tprior\t", "a, unit", 'unknown unit "nMolar" in "nMolar"', "known symbols", "Spell the unit"),
        ("a\t1\t\tnM\tpriors\t", "a, role", '"priors" is not allowed here', "one of prior, calibrate", 'Did you mean "prior"?'),
        ("a\t1\t\tnM\tzzz\t", "a, role", '"zzz" is not allowed here', "one of prior, calibrate", "one of these words"),
        ("a\t1\t\tnM\tprior", "a", "5 cells", "6 cells", "tabs"),
        ("a\t1\t\tnM\tprior\t\t\t", "a", "8 cells", "6 cells", "tabs"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path, cells, who, problem, expected, repair):
    (issue,) = _issues(_table(tmp_path, "# first line\n" + HEAD + "ok\t1\t\tnM\tprior\t\n" + cells + "\n"))
    assert issue[:3] == (4, who, problem)
    assert expected in issue[3] and repair in issue[4]


def test_all_issues_come_in_one_error_with_file_and_line(tmp_path):
    path = _table(tmp_path, HEAD + "a\tx\t\tnM\tprior\t\nb\t1\ty\tbad\tpriorr\t\nc\t1\n")
    assert [(line, who) for line, who, *_ in _issues(path)] == [(2, "a, value"), (3, "b, n"), (3, "b, unit"), (3, "b, role"), (4, "c")]
    with pytest.raises(TableError, match=f"{path.name}:3  b, unit: unknown unit"):
        read_table(path, COLUMNS)


def test_header_issues_say_the_near_name(tmp_path):
    issues = _issues(_table(tmp_path, "# c\nid\tvalue\tvalue\tn\tunits\trole\tnote\n"))
    assert {line for line, *_ in issues} == {2}
    assert [problem for _, _, problem, *_ in issues] == [
        'column "value" appears 2 times',
        'column "units" is unknown',
        'column "unit" is missing',
    ]
    assert issues[1][4] == 'Did you mean "unit"?' and issues[2][4] == 'The header has "units"; rename it'
    (missing,) = _issues(_table(tmp_path, "id\tvalue\tn\tunit\trole\n"))
    assert missing[2] == 'column "note" is missing' and missing[4] == 'Add the column "note"'


def test_files_that_are_no_tables(tmp_path):
    latin = tmp_path / "latin.tsv"
    latin.write_bytes(HEAD.encode() + b"ok\t1\t\tnM\tprior\t\n\xe9\n")
    assert _issues(latin)[0][0] == 3 and "0xe9 is not UTF-8" in _issues(latin)[0][2]
    assert _issues(tmp_path / "none.tsv")[0][2] == "the file is missing"
    assert _issues(_table(tmp_path, ""))[0][2] == "the table is empty"
    assert _issues(_table(tmp_path, "# only\n\n  \n"))[0][2] == "the table is empty"
    assert _issues(_table(tmp_path, HEAD, "t.xlsx"))[0][3] == ".tsv or .csv"
    (tmp_path / "d.tsv").mkdir()
    assert _issues(tmp_path / "d.tsv")[0][2] == "this is a directory"
    line, _, problem, *_ = _issues(_table(tmp_path, HEAD + 'a\t1\t\tnM\tprior\t"open\n'))[0]
    assert line == 2 and problem.startswith("the quotes are not well formed")


def test_a_repeated_key_names_both_lines(tmp_path):
    rows = read_table(_table(tmp_path, HEAD + "a\t1\t\tnM\tprior\t\nb\t1\t\tnM\tprior\t\na\t1\t\tnM\tcalibrate\t\n"), COLUMNS)
    require_unique(rows, "id", "role")
    with pytest.raises(TableError) as caught:
        require_unique(rows, "id")
    (issue,) = caught.value.issues
    assert (issue.line, issue.id, issue.problem) == (4, "a", "already used in line 2")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_exactly(value):
    back = float(format_number(value))
    assert back == value and math.copysign(1, back) == math.copysign(1, value)


def test_no_infinite_number_is_written():
    with pytest.raises(TableError):
        format_number(math.inf)


@pytest.mark.parametrize("name", ["t.tsv", "t.csv"])
def test_what_is_written_reads_back_the_same_and_has_the_same_bytes(tmp_path, name):
    rows = [
        {"id": "a", "value": 0.1 + 0.2, "n": None, "unit": "nM", "role": "prior", "note": 'tab\there, "quote", comma\nand # line'},
        {"id": "µ", "value": 1e300, "n": 7.0, "unit": "1/h", "role": "calibrate", "note": ""},
    ]
    path = tmp_path / name
    write_table(path, COLUMNS, rows)
    first = path.read_bytes()
    back = read_table(path, COLUMNS)
    assert [dict(row.values) for row in back] == rows
    write_table(path, COLUMNS, back)
    assert path.read_bytes() == first and [p.name for p in tmp_path.iterdir()] == [name]


def test_a_failed_write_leaves_the_old_table(tmp_path):
    path = _table(tmp_path, HEAD)
    row = {"id": "a", "value": math.nan, "n": None, "unit": "nM", "role": "prior", "note": ""}
    with pytest.raises(TableError):
        write_table(path, COLUMNS, [row])
    with pytest.raises(TableError, match="comment"):
        write_table(path, COLUMNS, [{**row, "id": "#a", "value": 1.0}])
    assert path.read_text() == HEAD and len(list(tmp_path.iterdir())) == 1
