# shellcheck shell=bash
# What the scripts of ci/ share: how they speak. Sourced, never run.
# Everything here prints on standard error, because standard output belongs to the command that
# the user asked for (a JSON report, an image tag).

# The comment at the top of the script, up to the first line that is no comment.
usage() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
}

note() {
    printf '%s\n' "$*" >&2
}

# fail CAUSE NEXT-STEP: the exit code 3 means "the kit could not run", as everywhere in the kit.
fail() {
    note "${0##*/}: $1"
    note "What to do: $2"
    exit 3
}

# as_root COMMAND...: through sudo when that asks no password, else a clear refusal.
as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        fail "this needs root, and there is no sudo without a password: $*" \
            "run it as root, or do that step yourself and call this script again"
    fi
}

# apt_install PACKAGE...: what a fresh Debian or Ubuntu lacks.
apt_install() {
    command -v apt-get >/dev/null || fail "these packages are missing: $*, and there is no apt-get" \
        "install them with this system's package manager, then call this script again"
    note "Installing $*"
    as_root apt-get update -q >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >&2
}
