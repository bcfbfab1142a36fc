"""The image in which the docker rig runs the reference, built by the kit itself."""
