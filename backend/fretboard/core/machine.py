"""What this machine has to give."""

from pathlib import Path

MEMINFO = Path("/proc/meminfo")


def available_bytes() -> int:
    """Memory that a process can still take; 0: unknown, as anywhere but on Linux."""
    if not MEMINFO.is_file():
        return 0
    lines = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024
