"""A large population streamed to disk, killed half way, resumed, and compared byte by byte with one that was left alone.

    python verification/population.py [INDIVIDUALS] [FOLDER]

Prints seconds, individuals per second, the largest memory of a process, and whether the tables have the same SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

REGIMEN = "imlunestrant 100 nM q24h x 28"
OUTPUTS = ("er_total", "PR", "ppRb", "live", "drug_medium")


def words(individuals: int, out: Path) -> list[str]:
    kept = [word for name in OUTPUTS for word in ("--output", name)]
    asked = ["simulate", "cell", REGIMEN, "--hours", "672", "--every", "24", "--draws", str(individuals), *kept, "--out", str(out)]
    return [sys.executable, "-m", "serdsim.cli", *asked]


def run_of(out: Path) -> Path:
    return next(path for path in out.iterdir() if path.is_dir() and not path.name.startswith("."))


def finished(command: list[str]) -> tuple[float, float]:
    """Run a command; return seconds and the largest memory of the process [MB]."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"exit status {os.waitstatus_to_exitcode(status)} of {' '.join(command)}")
    return time.monotonic() - begin, usage.ru_maxrss / 1024.0


def killed_half_way(command: list[str], out: Path, individuals: int) -> int:
    """Start a command, kill it when half of its individuals are on disk, and return how many parts there were."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        time.sleep(0.2)
        parts = list(out.glob("*/parts/*.npz"))
        if 2 * 1024 * len(parts) >= individuals:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return len(parts)
    raise SystemExit("the run ended before it could be killed")


def hashes(run: Path) -> dict[str, str]:
    found = {}
    for path in sorted(run.rglob("*.parquet")):
        with path.open("rb") as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def main() -> None:
    individuals = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("runs") / "population"
    whole, broken = folder / "whole", folder / "broken"
    seconds, memory = finished(words(individuals, whole))
    print(f"whole: {individuals} individuals in {seconds:.0f} s, {individuals / seconds:.0f} per second, {memory:.0f} MB", flush=True)
    parts = killed_half_way(words(individuals, broken), broken, individuals)
    run = run_of(broken)
    resumed, more = finished([sys.executable, "-m", "serdsim.cli", "resume", run.name, "--out", str(broken)])
    print(f"killed after {parts} parts, resumed in {resumed:.0f} s, {more:.0f} MB", flush=True)
    same = hashes(run_of(whole)) == hashes(run) != {}
    print(f"tables {'have the same bytes' if same else 'DIFFER'}: {hashes(run)}")
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
