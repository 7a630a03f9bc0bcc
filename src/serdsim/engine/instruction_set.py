"""The instruction set that numbers were computed with: the same bits are promised within one of them only."""

from __future__ import annotations

import platform
from importlib import import_module

_MACHINES = {"amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64"}
_WIDEST = {"AVX512F": "avx512f", "AVX2": "avx2", "AVX": "avx", "SVE": "sve", "ASIMD": "asimd"}
_FUSED = ("FMA3", "NEON_VFPV4")


def instruction_set() -> str:
    """Return the name of the machine's instruction set, for example ``x86_64-avx512f-fma``.

    It names the widest vectors and fused multiply-add, as NumPy finds them on this processor.
    """
    machine = platform.machine().lower()
    found: dict[str, bool] = getattr(import_module("numpy._core._multiarray_umath"), "__cpu_features__", {})
    vectors = [word for feature, word in _WIDEST.items() if found.get(feature)][:1]
    fused = ["fma"] if any(found.get(feature) for feature in _FUSED) else []
    return "-".join([_MACHINES.get(machine, machine), *vectors, *fused])
