"""What tests lean on: servers to talk to, clients that ask, and processes to kill."""
