"""What all tests share."""

import os

from hypothesis import settings

pytest_plugins = ["pytester"]

# no deadline: the machine may be busy, and no test here is about time
settings.register_profile("mock_p1", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=3000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "mock_p1"))
