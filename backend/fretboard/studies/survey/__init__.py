"""A survey: table, summary, charts, report."""
