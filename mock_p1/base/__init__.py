"""What every room speaks: messages, the clock, durations, text, name patterns, the strict model."""
