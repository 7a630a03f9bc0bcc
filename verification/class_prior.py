"""Write the rows of the subject, imlunestrant, from the class prior over its sisters.

    python verification/class_prior.py             # predict, report, write
    python verification/class_prior.py --dry-run   # predict and report only

library/class_prior.yaml says which sisters count, the scales and the wide assumptions. Of the subject itself only rows of role prior are
used, each named there (`of_subject`). Run it after verification/centre_sisters.py; a test holds the rows of the table equal to what this
computes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fitted_rows import columns_of

from serdsim.analysis.class_prior import ClassRow, class_rows
from serdsim.analysis.class_records import read_class_record
from serdsim.analysis.leave_one_out import class_prior_section
from serdsim.claims.evidence_rows import read_facts
from serdsim.model.correlations import COLUMNS as CORRELATION
from serdsim.model.recipe import shipped_library
from serdsim.tables import read_table, write_table


def record_of(row: ClassRow) -> dict[str, object]:
    """Return the cells of a predicted row that the class prior decides."""
    return {
        "value": row.value,
        "distribution": row.distribution,
        "lower": None,
        "upper": row.upper,
        "prior": row.prior,
        "grade": "assumption",
        "source": "; ".join(row.source),
        "locator": "; ".join(row.rows),
        "note": row.why,
    }


def main() -> None:
    """Predict and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="do not write the table")
    parser.add_argument("--library", type=Path, default=shipped_library())
    arguments = parser.parse_args()
    record = read_class_record(arguments.library)
    rows = class_rows(record, arguments.library, read_facts(arguments.library))
    for row in rows.values():
        other = f" (scales times {', '.join(f'{f:g}' for f in record.sensitivity)}: {', '.join(f'{w:g}' for w in row.widths)})"
        print(f"{row.id:12} {row.value:9.4g} width {row.prior:.3g}{other if row.widths else ''}  {row.why}")
    section = class_prior_section(arguments.library)
    for one in section.outcomes:
        print(f"{one.drug:14} {one.low:g} to {one.high:g} nM, predicted {one.median:.2g} ({one.lo90:.2g} to {one.hi90:.2g})")
    print(f"inside the central 90 %: {section.summary}; inside the central 50 %: {section.near}; {section.draws} draws")
    if arguments.dry_run:
        return
    columns = columns_of("drugs.tsv")
    table = [dict(row.values) for row in read_table(arguments.library / "drugs.tsv", columns)]
    own = {str(cells["id"]): cells for cells in table if cells["drug"] == record.subject}
    for id, row in rows.items():
        own[id] |= record_of(row)
    write_table(arguments.library / "drugs.tsv", columns, table)
    write_pairs(arguments.library, record.subject, [row for row in rows.values() if row.over])


def write_pairs(library: Path, subject: str, rows: list[ClassRow]) -> None:
    """Write which rows of the subject are drawn together, because the class knows their ratio."""
    path = library / "correlations.tsv"
    kept = [dict(row.values) for row in read_table(path, CORRELATION) if not row.text("note").startswith("the class knows")]
    for row in rows:
        pair = {"first": f"{subject}.{row.over}", "second": f"{subject}.{row.id}", "value": row.together, "unit": "dimensionless"}
        note = "the class knows their ratio, by verification/class_prior.py"
        kept.append(pair | {"grade": "assumption", "source": "Serdsim2026", "note": note})
    write_table(path, CORRELATION, kept)


if __name__ == "__main__":
    main()
