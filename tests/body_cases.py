"""A library with a little animal: a drug that is swallowed, spreads through the plasma and holds a tumour back. All made up."""

from __future__ import annotations

from pathlib import Path

BODY = """
  unit time_unit = 3600 second; unit substance = 1e-9 mole; unit volume = litre; unit extent = 1e-9 mole; unit nmol = 1e-9 mole;
  unit per_h = 1/(3600 second); unit nM = 1e-9 mole/litre; unit L_per_h = litre/(3600 second); unit cells = item;
  compartment site, central_drug;  site has volume;  central_drug has volume;
  species dose_drug in site, drug_plasma in central_drug, gone_drug in site;  dose_drug has nM;  drug_plasma has nM;  gone_drug has nM;
  ka_drug has per_h;  CL_drug has L_per_h;  F_drug has dimensionless;
  enter: dose_drug -> drug_plasma; F_drug*ka_drug*dose_drug*site;
  lost: dose_drug -> gone_drug; (1 - F_drug)*ka_drug*dose_drug*site;
  leave: drug_plasma -> gone_drug; CL_drug*drug_plasma;
  drug_given_and_gone := (dose_drug + gone_drug)*site + drug_plasma*central_drug;  drug_given_and_gone has nmol;
  tumour has cells;  dead has cells;  tumour_start has cells;  growth has per_h;  kill has per_h;  K_drug has nM;
  effect := drug_plasma/(K_drug + drug_plasma);  effect has dimensionless;
  tumour' = (growth - kill*effect)*tumour;
  dead' = kill*effect*tumour;
  burden := tumour + dead;  burden has cells;
"""
RECIPE = """id: body
title: a tumour in an animal
fragments: [body]
fragment_folder: body
tables:
  - {table: parameters.tsv}
  - {table: drugs.tsv, key: drug, row: "@drug", suffix: _drug}
defaults: {drug: any}
outputs: [drug_plasma, burden]
doses: {"@drug": dose_drug}
slots: {drug: CL}
plating: {cells: [tumour], count: tumour_start, cleared: [dead]}
balances: [drug_given_and_gone]
pre_run_h: 0
"""
COLUMNS = "id value unit distribution iiv lower upper prior grade source locator species assay note".split()
PARAMETERS = (
    ("site", "1", "L"),
    *((id, "0", "nM") for id in ("dose_drug", "drug_plasma", "gone_drug")),
    ("tumour", "1", "item"),
    ("dead", "0", "item"),
    ("tumour_start", "100", "item"),
    ("growth", "0.01", "1/h", "lognormal", "0.04", "0.1"),
    ("kill", "0.03", "1/h"),
)
DRUG = (
    ("ka", "1", "1/h"),
    ("CL", "0.5", "L/h", "lognormal", "0.09", "0.2"),
    ("F", "0.6", "1", "logitnormal", "0.25", "0.3"),
    ("central", "2", "L", "fixed", "0.01"),
    ("K", "5", "nM"),
)


def _line(cells: tuple[str, ...], drug: str = "") -> str:
    """Return a row: id, value, unit, and where they are not fixed distribution, iiv and prior."""
    named = dict(zip(("id", "value", "unit", "distribution", "iiv", "prior"), cells, strict=False))
    full = dict.fromkeys(COLUMNS, "") | {"distribution": "fixed", "grade": "assumption", "source": "None2000"} | named
    return "\t".join([*([drug] if drug else []), *(full[column] for column in COLUMNS)]) + "\n"


def body_library(folder: Path, more: str = "", correlations: str = "") -> Path:
    """Write a library with the one model `body`, with the drugs `any` and `other`; `more` goes into the recipe."""
    library = folder / "library"
    for part in ("models/body", "experiments", "claims"):
        (library / part).mkdir(parents=True)
    (library / "models" / "body.yaml").write_text(RECIPE + more)
    (library / "models" / "body" / "body.ant").write_text(BODY)
    (library / "parameters.tsv").write_text("\t".join(COLUMNS) + "\n" + "".join(map(_line, PARAMETERS)))
    rows = "".join(_line(row, drug) for drug in ("any", "other") for row in DRUG)
    (library / "drugs.tsv").write_text("\t".join(["drug", *COLUMNS]) + "\n" + rows)
    (library / "references.bib").write_text("@misc{None2000, author = {Nobody, N.}, title = {Nothing}, year = {2000}, note = {no DOI}}\n")
    if correlations:
        head = "first\tsecond\tvalue\tunit\tgrade\tsource\tnote\n"
        (library / "iiv_correlations.tsv").write_text(head + correlations)
    return library


def add_body(library: Path) -> None:
    """Add the model `body` to a library that has others: its drugs are called imlunestrant and fulvestrant there."""
    recipe = RECIPE.replace("parameters.tsv", "body_parameters.tsv").replace("drugs.tsv", "body_drugs.tsv").replace("any", "imlunestrant")
    (library / "models" / "body").mkdir()
    (library / "models" / "body.yaml").write_text(recipe)
    (library / "models" / "body" / "body.ant").write_text(BODY)
    lines = "".join(map(_line, PARAMETERS))
    (library / "body_parameters.tsv").write_text("\t".join(COLUMNS) + "\n" + lines.replace("None2000", "Serdsim2026"))
    rows = "".join(_line(row, drug) for drug in ("imlunestrant", "fulvestrant") for row in DRUG)
    (library / "body_drugs.tsv").write_text("\t".join(["drug", *COLUMNS]) + "\n" + rows.replace("None2000", "Serdsim2026"))
