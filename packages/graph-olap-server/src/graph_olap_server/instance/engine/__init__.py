"""Graph engines behind one port."""
