"""A scenario file: text -> nodes -> model, with every problem at once, and its JSON Schema."""
