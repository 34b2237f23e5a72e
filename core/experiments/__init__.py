"""Many runs together: sweeps over settings, and comparisons paired on the same episodes."""
