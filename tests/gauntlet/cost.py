"""What a hostile message costs the process that reads it: its CPU time, and memory by the process's own peak (`VmHWM`),
which is set back before each."""

import gc
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

MILLISECONDS = 100
MEGABYTES = 50


@dataclass(frozen=True)
class Cost:
    """What one message cost."""

    name: str
    size: int
    milliseconds: float
    megabytes: float

    @property
    def dear(self) -> bool:
        return self.milliseconds >= MILLISECONDS or self.megabytes >= MEGABYTES

    def __str__(self) -> str:
        return f"{self.name}: {self.milliseconds:.0f} ms, {self.megabytes:.0f} MB, {self.size} bytes"


@dataclass
class Costs:
    """What every message cost."""

    each: list[Cost] = field(default_factory=list[Cost])

    @contextmanager
    def meeting(self, name: str, size: int) -> Generator[None]:
        """Measure what is done within, with a message of `size` bytes."""
        Path("/proc/self/clear_refs").write_text("5")
        before, began = _memory("VmRSS"), time.process_time()
        yield
        milliseconds = (time.process_time() - began) * 1e3
        self.each.append(Cost(name, size, milliseconds, (_memory("VmHWM") - before) / 1024))

    @property
    def over(self) -> list[str]:
        """Which were over the bounds."""
        return [str(cost) for cost in self.each if cost.dear]

    def __str__(self) -> str:
        milliseconds = max(cost.milliseconds for cost in self.each)
        megabytes = max(cost.megabytes for cost in self.each)
        return f"dearest {milliseconds:.1f} ms and {megabytes:.1f} MB"


def settled() -> None:
    """What was left by the tests before is no message's to pay for."""
    gc.collect()
    gc.freeze()


def _memory(name: str) -> int:
    """In kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))
