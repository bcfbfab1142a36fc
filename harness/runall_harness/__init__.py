"""The Run All harness: it kills and restarts real schedulers and says which promise they broke."""
