# The first process of a container whose daemon can be killed apart from its jobs. A container ends
# with its first process, so this one stays where the daemon was killed on purpose, and starts the
# daemon again, in the same container, when the node is started again. Otherwise it behaves as the
# daemon would: it forwards the signals of a clean stop, and it ends with the daemon, with the same
# exit status.
#
# It needs a POSIX sh and a sleep. The first argument is a folder that it shares with the harness:
#   supervisor   the process id of this shell
#   daemon       that of the daemon; empty while there is none
#   stay         not empty: the next death of the daemon is on purpose
#   died         the exit status of the daemon that died last
set -u

folder=$1
shift
daemon=
restart=

forward() {
    [ -n "$daemon" ] || exit 143
    kill -s "$1" "$daemon"
}

for signal in TERM INT HUP QUIT; do
    trap "forward $signal" "$signal"
done
trap 'restart=1' USR1

# A signal interrupts wait, so wait again for as long as the daemon exists, also as a zombie.
run_daemon() {
    "$@" &
    daemon=$!
    echo "$daemon" >"$folder/daemon"
    wait "$daemon"
    status=$?
    while kill -0 "$daemon" 2>/dev/null; do
        wait "$daemon"
        status=$?
    done
    daemon=
    : >"$folder/daemon"
    echo "$status" >"$folder/died"
}

# The order to restart is a signal that is repeated until a daemon runs, so a missed one is no loss.
await_restart() {
    restart=
    until [ -n "$restart" ]; do
        sleep 1 &
        wait $!
    done
}

echo $$ >"$folder/supervisor"
while :; do
    run_daemon "$@"
    [ -s "$folder/stay" ] || exit "$status"
    : >"$folder/stay"
    await_restart
done
