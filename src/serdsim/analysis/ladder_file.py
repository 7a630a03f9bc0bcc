"""What ladder.yaml says: the assay in the dish, the genotypes, the hosts and the regimens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serdsim.dosing.regimen import Regimen, parse_regimen
from serdsim.errors import ModelError
from serdsim.model.recipe import choices, shipped_models
from serdsim.yaml_file import Field, read_yaml

FILE = "ladder.yaml"
_FIELDS = ("draws", "seed", "assay", "genotypes", "hosts", "regimens")


@dataclass(frozen=True)
class DishAssay:
    """How a concentration is found in a dish: `output` falls to the share `left` of vehicle after so many hours with the drug."""

    cell_line: str
    output: str
    left: float
    pre_run: float
    hours: float


@dataclass(frozen=True)
class Host:
    """A model of a host and what is read of it: free drug, and free oestradiol in the tumour."""

    model: str
    title: str
    free: str
    estradiol: str


@dataclass(frozen=True)
class Usual:
    """The usual regimen of a drug in a host; `assumed` where nobody says that it is usual."""

    host: Host
    drug: str
    regimen: Regimen
    assumed: bool


@dataclass(frozen=True)
class LadderFile:
    """All of the file."""

    draws: int
    seed: int
    assay: DishAssay
    genotypes: tuple[str, ...]
    regimens: tuple[Usual, ...]


def read_ladder(library: Path) -> LadderFile | None:
    """Return what the file says; None where the library has none.

    Raises
    ------
    ModelError
        For a broken file.
    """
    path = library / FILE
    if not path.is_file():
        return None
    record = read_yaml(path, FILE, ModelError, ", ".join(_FIELDS))
    record.require(*_FIELDS)
    known = choices(library, "genotypes.tsv", "genotype")
    hosts = {name: _host(name, entry, library) for name, entry in record["hosts"].items()}
    return LadderFile(
        draws=record["draws"].whole(2),
        seed=record["seed"].whole(0),
        assay=_assay(record["assay"]),
        genotypes=tuple(entry.one_of(known) for entry in record["genotypes"].each(least=1)),
        regimens=tuple(_usual(entry, hosts) for entry in record["regimens"].each(least=1)),
    )


def _assay(entry: Field) -> DishAssay:
    entry.require("cell_line", "output", "left", "pre_run_h", "hours")
    left = entry["left"].number(above=0.0)
    if left >= 1.0:
        raise entry["left"].wrong(f"{left:g} of vehicle is no fall", "a share between 0 and 1", "Write 0.1 for an IC90")
    pre_run, hours = entry["pre_run_h"].number(above=0.0), entry["hours"].number(above=0.0)
    return DishAssay(entry["cell_line"].text(), entry["output"].text(), left, pre_run, hours)


def _host(name: str, entry: Field, library: Path) -> Host:
    entry.require("title", "free", "estradiol")
    if name not in shipped_models(library):
        raise entry.wrong(f'no shipped model is called "{name}"', "one of " + ", ".join(shipped_models(library)), "Correct the name")
    return Host(name, entry["title"].text(), entry["free"].text(), entry["estradiol"].text())


def _usual(entry: Field, hosts: Mapping[str, Host]) -> Usual:
    entry.require("host", "drug", "regimen")
    host, drug, assumed = hosts[entry["host"].one_of(tuple(hosts))], entry["drug"].text(), entry.get("assumed")
    regimen = entry["regimen"].placed(lambda: parse_regimen(entry["regimen"].text()))
    if regimen.drugs != (drug,):
        said = ", ".join(regimen.drugs)
        raise entry["regimen"].wrong(f"the regimen gives {said}, not {drug} alone", f"doses of {drug}", "Correct the drug or the regimen")
    return Usual(host, drug, regimen, bool(assumed and assumed.truth()))
