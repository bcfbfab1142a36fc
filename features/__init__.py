"""The five failure scenarios and their surroundings, as features that run."""
