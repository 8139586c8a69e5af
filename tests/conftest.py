"""What all tests share."""

from hypothesis import settings

pytest_plugins = ["pytester"]

# no deadline: the machine may be busy, and no test here is about time
settings.register_profile("mock_p1", deadline=None)
settings.load_profile("mock_p1")
