# The first process of a container whose daemon can be killed apart from its jobs. A container ends
# with its first process, so that this one stays where the daemon was killed on purpose, and starts
# it again, in the same container, when the node is started again. In all else it is the daemon's
# shadow: it passes the signals of a clean stop on, and ends with the daemon, and with its status.
#
# It needs a POSIX sh and a sleep. The first argument is a folder, shared with the harness:
#   keeper   the process id of this shell
#   daemon   that of the daemon; empty while there is none
#   stay     not empty: the next death of the daemon is on purpose
#   died     the exit status of the daemon that died last
set -u

keep=$1
shift
daemon=
again=

pass() {
    [ -n "$daemon" ] || exit 143
    kill -s "$1" "$daemon"
}

for signal in TERM INT HUP QUIT; do
    trap "pass $signal" "$signal"
done
trap 'again=1' USR1

# A signal ends the waiting, so it goes on for as long as the daemon is there, as a zombie too.
live() {
    "$@" &
    daemon=$!
    echo "$daemon" >"$keep/daemon"
    wait "$daemon"
    status=$?
    while kill -0 "$daemon" 2>/dev/null; do
        wait "$daemon"
        status=$?
    done
    daemon=
    : >"$keep/daemon"
    echo "$status" >"$keep/died"
}

# The order to begin again is a signal that is given until it is obeyed, so none is missed for long.
rest() {
    again=
    until [ -n "$again" ]; do
        sleep 1 &
        wait $!
    done
}

echo $$ >"$keep/keeper"
while :; do
    live "$@"
    [ -s "$keep/stay" ] || exit "$status"
    : >"$keep/stay"
    rest
done
