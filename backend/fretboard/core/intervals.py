"""A mean with its interval, the unit of every report on a trained model."""

from typing import Any

from scipy.stats import binomtest

Measure = dict[str, Any]


def with_interval(values: list[float]) -> Measure:
    """Mean of values from 0 to 1 with Wilson's 95 % interval of as many whole successes."""
    n = len(values)
    if n == 0:
        return {"mean": None, "low": 0.0, "high": 1.0, "n": 0}
    wilson = binomtest(round(sum(values)), n).proportion_ci(method="wilson")
    mean = round(sum(values) / n, 4)
    return {"mean": mean, "low": round(wilson.low, 4), "high": round(wilson.high, 4), "n": n}
