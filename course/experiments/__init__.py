"""The code behind the labs' exploration cells: instruments, never answers."""
