"""What can be said of a scenario, or of a run: explanation, lint, state coverage, fault matrix."""
