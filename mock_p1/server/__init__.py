"""The parts put together: the app, the server, and the HTTP it speaks."""
