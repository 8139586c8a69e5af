"""What tests hold in their hands.

The handle, the two ways to start a mock, and the pytest plugin.
"""
