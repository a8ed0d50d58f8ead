"""What a worker may be asked to do, and the processes that do it."""
