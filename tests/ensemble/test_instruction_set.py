"""The instruction set has a name that every run carries."""

from __future__ import annotations

import platform
import re
from types import SimpleNamespace

import pytest

from serdsim.engine import instruction_set as place
from serdsim.engine.instruction_set import instruction_set
from serdsim.results.run_record import complete_record


@pytest.mark.parametrize(
    ("machine", "features", "name"),
    [
        ("x86_64", {"AVX512F": True, "AVX2": True, "FMA3": True}, "x86_64-avx512f-fma"),
        ("AMD64", {"AVX512F": False, "AVX2": True, "FMA3": True}, "x86_64-avx2-fma"),
        ("x86_64", {"SSE42": True}, "x86_64"),
        ("arm64", {"ASIMD": True, "NEON_VFPV4": True}, "aarch64-asimd-fma"),
    ],
)
def test_it_is_named_after_the_widest_vectors(monkeypatch: pytest.MonkeyPatch, machine: str, features: dict[str, bool], name: str) -> None:
    monkeypatch.setattr(place, "import_module", lambda _: SimpleNamespace(__cpu_features__=features))
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert instruction_set() == name


def test_a_run_names_it() -> None:
    name = complete_record("0123", {})["instruction_set"]
    assert name == instruction_set()
    assert re.fullmatch(r"[a-z0-9_]+(-[a-z0-9_]+)*", str(name))
    if platform.machine() in ("x86_64", "AMD64"):
        assert "-" in name, "numpy no longer says what the processor can"
