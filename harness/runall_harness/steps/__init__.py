"""The steps of the features: thin words over a scene. All of them are synchronous."""

MODULES = tuple(f"{__name__}.{part}" for part in ("scene", "given", "when", "then"))
