"""The steps of the features: thin words over a `Scenario`. All of them are synchronous."""
