"""Layout of snapshots and where they lie."""
