"""What the outcomes depend on: ablations."""
