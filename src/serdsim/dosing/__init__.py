"""What the prescriber says: doses, regimens, and their NONMEM rows."""
