"""What tests share: helpers that are no tests themselves, one module for each need."""
