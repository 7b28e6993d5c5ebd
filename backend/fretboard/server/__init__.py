"""Thin HTTP routes over queue, store and figures; no torch."""
