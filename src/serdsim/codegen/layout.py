"""Where things lie in the memory of a compiled batch: vectors (one double per lane), integers per lane, arguments."""

from __future__ import annotations

from dataclasses import dataclass

# vectors with one meaning each
CLOCK = (
    "t", "h", "stop", "after_stop", "fresh_stop", "rejected", "attempts", "accepted", "refused", "active", "taken", "arrived",
    "before", "target", "spare", "row_time", "end", "noticed", "settled",
)  # fmt: skip
# integers per lane
LANE = ("flag", "individual", "item", "last_item", "row", "last_row")
# 64-bit words of the arguments: pointers and counts
ARGUMENTS = (
    "work", "ints", "settings", "given", "initial", "times", "times_stride", "rows", "starts", "item_times", "item_kinds",
    "item_targets", "item_values", "out", "final", "status", "accepted", "refused", "fail_times", "individuals", "row_count",
    "next", "cancel", "output_rows", "ends", "out_s", "seeds", "initial_s", "final_s",
)  # fmt: skip
SETTINGS = ("rtol", "atol", "start", "safety", "grow", "shrink", "floor", "attempts", "memory")
RUNNING, ARRIVED, NEEDED, FAILED = range(4)
ADD, SET_STATE, SET_INPUT, RESET, SEE = range(5)
STATUS = ("ok", "step_limit", "step_underflow", "not_finite", "cancelled", "handed_over")


@dataclass(frozen=True)
class Layout:
    """Offsets of the blocks, counted in vectors; `more` are blocks of columns, one column per parameter."""

    states: int
    stages: int
    block: int
    inputs: int
    given: int
    outputs: int
    comparisons: int
    events: int
    assigned: int
    lu: int
    parameters: int = 0
    more: tuple[tuple[str, int], ...] = ()

    def _sizes(self) -> dict[str, int]:
        n = self.states
        return {
            "clock": len(CLOCK), "y": n, "y1": n, "begin": n, "biggest": n, "sizes": n, "drift": n, "u": self.stages * n,
            "seen": n, "spare_u": 2 * n, "c": self.block, "p": self.inputs, "new_p": self.inputs,
            "g": self.given, "o": self.outputs, "z": self.comparisons, "new_z": self.comparisons, "soon_z": self.comparisons, "w": self.lu,
            "was": self.events, "is": self.events, "waits": self.events, "order": self.events, "rank": self.events,
            "values": self.assigned, "held": self.assigned, **dict(self.more),
        }  # fmt: skip

    def offset(self, block: str) -> int:
        """Return where a block begins."""
        at = 0
        for name, size in self._sizes().items():
            if name == block:
                return at
            at += size
        raise KeyError(block)

    @property
    def total(self) -> int:
        """Number of vectors."""
        return sum(self._sizes().values())
