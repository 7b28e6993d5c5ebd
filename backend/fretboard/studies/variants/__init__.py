"""The same questions answered in several ways: skips, repairs, fewer layers."""
