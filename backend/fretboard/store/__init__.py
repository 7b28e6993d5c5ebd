"""The durable record of analyses, and the cache of arrays that can be computed again."""
