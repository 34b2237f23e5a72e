"""Trackers: observers that copy a run's numbers to other tools. ``metrics.jsonl`` in the run stays the truth."""
