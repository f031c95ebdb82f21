"""What students get, written from the course: address, contents, folder, repository, leak check."""
