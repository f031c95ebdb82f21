"""What several labs' questions and experiments share."""
