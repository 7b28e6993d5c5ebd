"""Many images, one table: every token's depths, held against the annotations' truth."""
