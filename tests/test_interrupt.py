"""An interrupt that strikes while code is compiled waits for the end of it, so that no lock stays taken."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src"
CODE = """
import os, signal, threading
from serdsim.cli import _answer_signals
from serdsim.engine import pools
from serdsim.engine.interrupt import unbroken
_answer_signals()
lock, seen = threading.RLock(), []
try:
    with unbroken():
        with unbroken():
            lock.acquire()
            os.kill(os.getpid(), signal.{signal})
            seen.append("went on")
            lock.release()
        seen.append("still whole")
    seen.append("not reached")
except KeyboardInterrupt:
    seen.append("interrupted")
other = threading.Thread(target=lambda: seen.append(lock.acquire(timeout=5)))
other.start(); other.join()
print(seen, pools.STOPPED.is_set(), pools.waits())
"""


def test_an_interrupt_waits_for_the_block_and_then_strikes() -> None:
    for signal in ("SIGINT", "SIGTERM"):
        code, env = CODE.format(signal=signal), os.environ | {"PYTHONPATH": str(SOURCE)}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=60, check=True)
        assert done.stdout.strip() == "['went on', 'still whole', 'interrupted', True] True False"
