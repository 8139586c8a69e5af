"""The published API as data: operations, errors, assumptions, and the OpenAPI document."""
