"""All thresholds of the detected stages and flags (METHOD: Stages, detected)."""

import math
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Thresholds:
    """All thresholds, in one place. Raises ValueError for one that makes no sense."""

    critical_depth: int | None = None
    """Given instead of detected."""
    mutation_sigmas: float = 4.0
    """A mutation's log JSD stands this many robust deviations above the token's stabilisation."""
    mutation_min_ratio: float = 3.0
    """… and at least this many times its median"""
    mutation_min_jsd: float = 0.02
    """… and is at least this many nats."""
    reversal_share: float = 0.5
    """A rival that leads at least this share of the depths from critical to mutation."""
    flag_score: float = 0.3
    """A content word with at least this hallucination score is flagged."""
    resamples: int = 200
    """Resamplings of the tokens for the interval of the critical depth."""
    interval: float = 0.9
    """Coverage of that interval."""
    seed: int = 0

    def __post_init__(self) -> None:
        checks = {
            "critical_depth is at least 1": self.critical_depth is None or self.critical_depth >= 1,
            "mutation_sigmas is at least 0": self.mutation_sigmas >= 0,
            "mutation_min_ratio is at least 1": self.mutation_min_ratio >= 1,
            "mutation_min_jsd lies in 0…ln 2": 0 <= self.mutation_min_jsd <= math.log(2),
            "reversal_share lies in 0…1": 0 <= self.reversal_share <= 1,
            "flag_score lies in 0…1": 0 <= self.flag_score <= 1,
            "resamples lies in 1…10000": 1 <= self.resamples <= 10_000,
            "interval lies between 0 and 1": 0 < self.interval < 1,
        }
        broken = [rule for rule, holds in checks.items() if not holds]
        if broken:
            raise ValueError(f"Thresholds out of range: {'; '.join(broken)}.")

    def as_dict(self) -> dict[str, float | None]:
        """For the document."""
        return asdict(self)
