"""What the features speak to: the cluster of one case, its scenario, and the steps."""
