"""NONMEM-style files: what a row means, and what is refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from serdsim.dosing.nonmem_file import NonmemFile, read_nonmem
from serdsim.dosing.records import Person, Record
from serdsim.errors import TableError


def read(folder: Path, text: str, *inputs: str) -> NonmemFile:
    path = folder / "data.csv"
    path.write_text(text, encoding="utf-8")
    return read_nonmem(path, inputs)


def bare(person: Person) -> list[Record]:
    return [Record(**{name: value for name, value in vars(record).items() if name not in ("file", "line")}) for record in person.records]


def test_rows_become_records(tmp_path: Path) -> None:
    text = (
        "# from the clinic\n"
        "ID,time,AMT,RATE,II,ADDL,SS,EVID,CMT,F,ALAG,R,D,WT,CL\n"
        "1,0,100,-2,12,3,1,4,2,0.5,1.5,.,4,70,1\n"
        "\n"
        "1, 1.5 ,.,.,.,.,.,0,.,.,.,.,.,70,2\n"
        "B7,2,50,-1,,,,1,1,,,10,,80,3\n"
        "B7,3,,,,,,2,1,,,,,80,3\n"
    )
    found = read(tmp_path, text, "CL", "KA")
    assert (found.inputs, found.unused) == (("CL",), ("WT",))
    first, second = found.people
    assert (first.id, second.id) == ("1", "B7")
    dose = Record(0.0, 4, 100.0, 2, -2.0, 12.0, 3, 1, 0.5, 1.5, None, 4.0, (("CL", 1.0),))
    assert bare(first) == [dose, Record(1.5, inputs=(("CL", 2.0),))]
    infusion = Record(2.0, 1, 50.0, 1, -1.0, modelled_rate=10.0, inputs=(("CL", 3.0),))
    assert bare(second) == [infusion, Record(3.0, 2, inputs=(("CL", 3.0),))]
    assert [record.line for record in (*first.records, *second.records)] == [3, 5, 6, 7]


def test_events_and_compartments_may_be_left_out(tmp_path: Path) -> None:
    (person,) = read(tmp_path, "ID,TIME,AMT,DV\n1,0,5,.\n1,1,.,3.3\n").people
    assert bare(person) == [Record(0.0, 1, 5.0), Record(1.0)]


HEAD = "ID,TIME,AMT,EVID,CMT\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "data.csv:1  the file is empty"),
        (HEAD, "data.csv:2  the file has no row"),
        ("ID,AMT\n1,2\n", "data.csv:1  the column TIME is missing"),
        ("ID,TIMES,AMT\n1,2,3\n", 'Perhaps "TIMES" should be called TIME'),
        ("ID,TIME,TIME\n1,2,3\n", 'data.csv:1  the column "TIME" comes twice'),
        ("ID,TIME,AMT,ALAG1\n1,0,1,1\n", 'data.csv:1  the column "ALAG1" would change the doses'),
        (HEAD + "1,0,5,1,1,9\n", "data.csv:2  the row has 6 cells; expected 5"),
        (HEAD + "1,0,5,1,1\n1,noon,.,0,1\n", 'data.csv:3  TIME is "noon"; expected a finite number'),
        (HEAD + "1,0,5,1,1\n1,.,.,0,1\n", "data.csv:3  TIME is missing"),
        (HEAD + "1,inf,.,0,1\n", 'data.csv:2  TIME is "inf"'),
        (HEAD + ".,0,.,0,1\n", "data.csv:2  ID is missing"),
        (HEAD + "1,0,5,1,.\n", "data.csv:2  CMT is missing in a dosing row"),
        (HEAD + "1,0,5,1,-1\n", "data.csv:2  CMT is -1"),
        (HEAD + "1,0,5,1.5,1\n", "data.csv:2  EVID is 1.5; expected a whole number"),
        (HEAD + "1,0,5,0,1\n", "data.csv:2  AMT is 5.0; expected none, because EVID is 0"),
        (HEAD + "1,3,5,1,1\n1,2,.,0,1\n", "data.csv:3  TIME 2 is before the record above"),
        (HEAD + "1,0,5,1,1\n2,0,5,1,1\n1,4,.,0,1\n", "data.csv:4  ID 1 comes again after another one"),
        ("ID,TIME,AMT,RATE\n1,0,.,5\n", "data.csv:2  RATE is 5 in a row without EVID and AMT, which gives no dose"),
        (HEAD + "1,0,5,1,1\n1,0,5,1,1\n1,2,.,0,1\n", "data.csv:3  the row repeats the dose of line 2"),
        ("ID,TIME,AMT,EVID,SS\n1,0,5,1,.\n1,1,.,0,1\n", "data.csv:3  SS is 1 in a row of EVID 0, which gives no dose"),
        ("ID,TIME,AMT,CL\n1,0,5,.\n", "data.csv:2  CL is missing; expected a finite number"),
        (HEAD + "1,x,.,0,1\n" * 30, "10 more rows cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(TableError) as caught:
        read(tmp_path, text, "CL")
    assert words in str(caught.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="No such file"):
        read_nonmem(tmp_path / "gone.csv")
    (tmp_path / "image.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(TableError, match="comma-separated text file"):
        read_nonmem(tmp_path / "image.csv")
