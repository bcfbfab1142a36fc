"""The reference scheduler as a system under test, its clients, and its adapter program."""
