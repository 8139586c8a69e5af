"""What several test files share: clients, servers and strategies. No tests."""
