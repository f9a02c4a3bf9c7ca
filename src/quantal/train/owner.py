"""Owner: a process of a machine, so that claims of a process that died can be told from those of one that works."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Owner:
    """A process: its machine (name, boot, and namespace of process numbers where the system has them), number and start.

    >>> here = Owner.current()
    >>> Owner.parse(str(here)) == here, here.is_gone
    (True, False)
    """

    machine: str
    process: int
    started: str

    @classmethod
    def current(cls) -> Owner:
        """This process."""
        return cls(_machine(), os.getpid(), _started(os.getpid()) or "")

    @classmethod
    def parse(cls, text: str) -> Owner:
        """The owner that `str` wrote."""
        machine, process, started = text.rsplit("|", 2)
        return cls(machine, int(process), started)

    @property
    def is_gone(self) -> bool:
        """Whether this process is known to have ended: it is of this machine and does not run."""
        if self.machine != _machine():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return (_started(self.process) or "") != self.started

    def __str__(self) -> str:
        return f"{self.machine}|{self.process}|{self.started}"


def _machine() -> str:
    parts = [socket.gethostname()]
    boot = Path("/proc/sys/kernel/random/boot_id")
    if boot.exists():
        parts += [boot.read_text().strip()[:8], os.readlink("/proc/self/ns/pid").strip("pid:[]")]
    return "/".join(parts)


def _started(process: int) -> str | None:
    """When a process began, in ticks since the machine's start; None where the system does not say. A zombie has none."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]
