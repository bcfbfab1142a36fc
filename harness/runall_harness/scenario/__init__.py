"""What the features speak to: the cluster of one case, its readiness, and the steps."""
