"""What the mock's server is measured against.

Each module runs in a process of its own.
"""
