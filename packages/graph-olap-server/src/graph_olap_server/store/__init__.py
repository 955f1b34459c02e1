"""Tables, repositories, claims and migrations."""
