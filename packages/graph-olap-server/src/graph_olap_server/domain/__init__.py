"""Rules of the platform without I/O: errors, names, types, states, roles, lifetimes."""
