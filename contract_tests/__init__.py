"""The published contract, as tests of any server.

In a wheel: ``pytest --pyargs mock_p1.contract_tests``.
"""
