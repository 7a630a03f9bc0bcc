"""What biology says: entities, reading of Antimony and SBML, units, the shipped library."""
