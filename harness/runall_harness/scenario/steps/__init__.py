"""The steps of the features: short calls of a `Scenario`. All of them are synchronous."""
