"""A mean with its interval, the unit of every report."""

from __future__ import annotations

from typing import Any

Measure = dict[str, Any]


def with_interval(values: list[float]) -> Measure:
    """Mean with Wilson's 95 % interval."""
    n, z = len(values), 1.96
    if n == 0:
        return {"mean": None, "low": 0.0, "high": 1.0, "n": 0}
    mean = sum(values) / n
    center = (mean + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (mean * (1 - mean) / n + z * z / (4 * n * n)) ** 0.5
    low, high = max(0.0, center - half), min(1.0, center + half)
    return {"mean": round(mean, 4), "low": round(low, 4), "high": round(high, 4), "n": n}
