"""The Run All harness: it kills and restarts real schedulers and says which promise they broke."""

from pathlib import Path

# `runall_harness.features` is a folder of this package in a wheel. In a checkout the features lie
# at the top, where readers look first; there they are found by this.
if not (_here := Path(__file__).resolve().parent).joinpath("features").exists():
    __path__.append(str(_here.parents[1]))
