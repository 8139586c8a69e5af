"""What tests hold in their hands: the handle, the two ways to start a mock, and the pytest plugin."""
