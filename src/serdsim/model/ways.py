"""Ways into a host: where a dose goes by each route, and which numbers of the model act when it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from serdsim.yaml_file import Field

ROUTES = ("po", "im", "iv")
_EXAMPLE = {"molar_mass": "molar_mass_drug", "po": "{into: dose_drug, share: F_po_drug, lag: tlag_drug}"}


@dataclass(frozen=True)
class Way:
    """Where a dose goes by one route.

    Attributes
    ----------
    into : str
        The species that it is given into.
    share : str or None
        The share of a dose that arrives; 0 where the drug is not given this way.
    lag : str or None
        The time until the dose arrives [h].
    split : str or None
        The share of the dose that goes `into` its species, while the others go into the species `rest`.
    rest : str or None
    """

    into: str
    share: str | None = None
    lag: str | None = None
    split: str | None = None
    rest: str | None = None


@dataclass(frozen=True)
class Ways:
    """How a drug is given into a host; every name is one of the model.

    Attributes
    ----------
    molar_mass : str
        Turns a mass into an amount.
    routes : mapping of str to Way
        By route; ``iv`` stands for an infusion too.
    dose_ratio, dose_reference : str or None
        The input that is set to the first dose over the reference dose.
    repeated : str or None
        The input that is set to 1 when the second dose is given.
    """

    molar_mass: str
    routes: Mapping[str, Way]
    dose_ratio: str | None = None
    dose_reference: str | None = None
    repeated: str | None = None

    def record(self) -> dict[str, object]:
        """Return all names as plain values, for run.json."""
        routes = {name: asdict(way) for name, way in self.routes.items()}
        names = {"molar_mass": self.molar_mass, "dose_ratio": self.dose_ratio, "dose_reference": self.dose_reference}
        return names | {"repeated": self.repeated, "routes": routes}


def read_ways(field: Field) -> Ways:
    """Return the ways in that a recipe says for one place of a model.

    Raises
    ------
    ModelError
        For a missing molar mass, no route, and fields that mean nothing.
    """
    known = ("molar_mass", "dose_ratio", "dose_reference", "repeated", *ROUTES)
    _refuse_unknown(field, known)
    field.require("molar_mass", example=_EXAMPLE)
    routes = {name: _way(value) for name, value in field.items() if name in ROUTES}
    if not routes:
        raise field.wrong("no route is said", "one of " + ", ".join(ROUTES), "Say where a dose goes, such as po: {into: dose_drug}")
    words = {name: _text(field, name) for name in ("dose_ratio", "dose_reference", "repeated")}
    if (words["dose_ratio"] is None) != (words["dose_reference"] is None):
        repair = "Name the input and the reference dose, or none of the two"
        raise field.wrong("dose_ratio and dose_reference stand for each other", "both or none", repair)
    return Ways(field["molar_mass"].text(), MappingProxyType(routes), **words)


def _way(field: Field) -> Way:
    _refuse_unknown(field, ("into", "share", "lag", "split", "rest"))
    field.require("into", example={"into": "dose_drug"})
    words = {name: _text(field, name) for name in ("share", "lag", "split", "rest")}
    if (words["split"] is None) != (words["rest"] is None):
        raise field.wrong("split and rest stand for each other", "both or none", "Name the share and the species of the rest")
    return Way(field["into"].text(), **words)


def _text(field: Field, name: str) -> str | None:
    value = field.get(name)
    return None if value is None else value.text()


def _refuse_unknown(field: Field, known: tuple[str, ...]) -> None:
    for name, value in field.items():
        if name not in known:
            raise value.wrong(f'"{name}" means nothing here', "one of " + ", ".join(known), "Correct the name, or take it out")
