"""The steps of the features: thin words over a scene. All of them are synchronous."""
