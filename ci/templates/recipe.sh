#!/usr/bin/env bash
# ci/templates/recipe.sh, to copy for any other service: installs the kit and runs the conformance
# cases. The folder runall-out then holds a page, the report as JSON and as JUnit, and all histories
# and logs.
# The script ends as `runall conform` ends: 0 is conformant, and no other code is (1 not conformant,
# 2 inconclusive, 3 could not run, 64 usage). Don't put it before a pipe: a shell then looks at the
# last command only.
#
# RUNALL_KIT      where pip finds your copy of the kit, at a commit that you have read
# RUNALL_SYSTEM   your file; without it, the kit's own reference scheduler is tested
# RUNALL_RIG      docker, processes, simulated or auto (the default)

set -euo pipefail
case "${1:-}" in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac
python3 -m venv runall-venv
runall-venv/bin/python -m pip install --quiet "${RUNALL_KIT:?say where pip finds the kit}"
exec runall-venv/bin/runall conform --system "${RUNALL_SYSTEM:-reference}" \
    --rig "${RUNALL_RIG:-auto}" --out runall-out
