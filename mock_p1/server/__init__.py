"""The parts put together: the app, the server, and uvicorn's protocol and life cycle."""
