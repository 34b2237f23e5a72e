"""What a run leaves behind: its directory, checkpoints, recordings and provenance, written whole or not at all."""
