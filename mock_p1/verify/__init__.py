"""The published contract as a list of checks, and a polite client to run them against any server.

`mock-p1 verify` and contract_tests/ share what is here. It states the published facts anew and
imports nothing of any other room, so that a mistake in the mock's own statement of the contract
cannot hide.
"""
