# Injects a fault into a part of what runs in a container, at one instant: all processes of that part
# are stopped first. The script runs in the container and needs a POSIX sh, a sleep and /proc. It
# prints the evidence, which begins with "proven: " only if the processes themselves show the effect.
#
#   daemon FOLDER              SIGKILL to the daemon alone; FOLDER is that of supervisor.sh
#   jobs PID...                SIGKILL to these processes, to their groups and sessions, and to
#                              whatever they started
#   group FOLDER SIGNAL NUMBER the signal of that name and number to every process of the node
#   restart FOLDER             the supervisor starts the daemon again
set -u

supervisor=
fault=$1
shift

give_up() {
    echo "$1"
    kill -s CONT -- -1
    exit 1
}

# Tries each hundredth of a second, for five seconds: a busy machine may need many tries.
await() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -lt 500 ] || return 1
        sleep 0.01
    done
}

# Lists all processes of the node, without its init, this shell and the supervisor.
list_processes() {
    all=
    for entry in /proc/[0-9]*; do
        case " 1 $$ $supervisor " in
            *" ${entry#/proc/} "*) ;;
            *) all="$all ${entry#/proc/}" ;;
        esac
    done
}

# Reads the state of a process, its parent, its group and its session; the state is X if there is
# no such process. The name, which may hold anything, ends at the last bracket.
read_stat() {
    state=X parent=0 group=0 session=0
    read -r line 2>/dev/null <"/proc/$1/stat" || return 0
    # shellcheck disable=SC2086 # the fields of the line
    set -- ${line##*) }
    state=$1 parent=$2 group=$3 session=$4
}

gone() {
    for pid; do
        read_stat "$pid"
        case $state in
            [ZXx]) ;;
            *) return 1 ;;
        esac
    done
}

# Whether all are stopped or dead. State D is a wait for a child that was stopped before its exec.
all_stopped() {
    list_processes
    for pid in $all; do
        read_stat "$pid"
        case $state in
            [TtZXxD]) ;;
            *) return 1 ;;
        esac
    done
}

# The kernel sends a signal to -1 to every process at once, except to init and to the sender.
freeze() {
    kill -s STOP -- -1
    await all_stopped || give_up "not all of it stood still"
}

has_text() {
    [ -s "$1" ]
}

# All other processes go on before the stopped daemon dies: if a process group were still stopped
# when its parent dies, the kernel would send SIGHUP to that group.
kill_daemon() {
    await has_text "$1/daemon" || give_up "there was no daemon"
    freeze
    read -r daemon <"$1/daemon" || give_up "the daemon had ended before"
    read_stat "$daemon"
    case $state in
        [TtD]) ;;
        *) give_up "the daemon $daemon had ended before" ;;
    esac
    echo stay >"$1/stay"
    : >"$1/died"
    read -r supervisor <"$1/supervisor"
    left=
    for pid in $all; do
        case $pid in
            "$daemon") continue ;;
            "$supervisor") ;;
            *) left="$left $pid" ;;
        esac
        kill -s CONT "$pid" 2>/dev/null
    done
    kill -s KILL "$daemon"
    await has_text "$1/died" || give_up "the daemon $daemon survived SIGKILL"
    read -r status <"$1/died"
    [ "$status" = 137 ] || give_up "the daemon $daemon ended with exit code $status"
    echo "proven: daemon $daemon: frozen, then exit code $status; left behind:$left"
}

# Adds each process whose parent, or the leader of whose group or session, is a victim already.
add_victims() {
    for pid in $all; do
        read_stat "$pid"
        case $victims in *" $pid "*) continue ;; esac
        case $victims in
            *" $parent "* | *" $group "* | *" $session "*) victims="$victims$pid " ;;
        esac
    done
}

kill_jobs() {
    freeze
    for pid; do
        gone "$pid" && give_up "the job $pid had ended before"
    done
    victims=" $* " before=
    until [ "$victims" = "$before" ]; do
        before=$victims
        add_victims
    done
    # shellcheck disable=SC2086 # many words
    kill -s KILL $victims 2>/dev/null # one may die with another, before its turn
    # shellcheck disable=SC2086 # many words
    await gone $victims || give_up "not all of$victims ended"
    echo "proven: frozen, then SIGKILL; gone:$victims"
    kill -s CONT -- -1
}

# Whether the signal of that number is pending for a process or ignored by it, or it is dead.
got_signal() {
    read_stat "$1"
    case $state in [ZXx]) return 0 ;; esac
    while read -r key mask; do
        case $key in
            SigPnd: | ShdPnd: | SigIgn:)
                # Only the last eight digits: more bits are too many for the arithmetic of some shells.
                mask=0x${mask#????????}
                [ $((mask >> ($2 - 1) & 1)) = 0 ] || return 0
                ;;
        esac
    done <"/proc/$1/status"
    return 1
}

# Finds the daemon: the supervisor knows it; without one, it is the first process init started.
find_daemon() {
    if [ -s "$1/supervisor" ]; then
        read -r supervisor <"$1/supervisor"
        read -r daemon <"$1/daemon"
        return
    fi
    daemon=
    list_processes
    for pid in $all; do
        read_stat "$pid"
        if [ "$parent" = 1 ] && [ "$pid" -lt "${daemon:-$((pid + 1))}" ]; then
            daemon=$pid
        fi
    done
}

# Stops every process that still runs, except the daemon; succeeds once none had to be stopped.
stop_others() {
    list_processes
    others= moving=
    for pid in $all; do
        [ "$pid" != "$daemon" ] || continue
        others="$others $pid"
        read_stat "$pid"
        case $state in
            [TtZXxD]) ;;
            *) kill -s STOP "$pid" 2>/dev/null && moving=1 ;;
        esac
    done
    [ -z "$moving" ]
}

# All processes but the daemon stay stopped until all have the signal, so the daemon sees no job obey
# first. The daemon is never stopped: when a process goes on, any of its threads may take a pending
# signal, and many daemons handle it in their main thread only. The evidence is printed before the
# daemon gets the signal, because the container may end with the daemon.
signal_group() {
    find_daemon "$1"
    await stop_others || give_up "not all of it stood still"
    for pid in $others; do
        kill -s "$2" "$pid" 2>/dev/null
    done
    for pid in $others; do
        got_signal "$pid" "$3" || give_up "$pid did not get SIG$2"
    done
    echo "proven: SIG$2 at one instant to all of it: $daemon$others"
    kill -s "$2" "$daemon"
    kill -s CONT -- -1
}

restart_daemon() {
    read -r supervisor <"$1/supervisor"
    started() {
        [ -s "$1" ] || { kill -s USR1 "$supervisor" && return 1; }
    }
    await started "$1/daemon" || give_up "the supervisor did not start the daemon"
    echo "proven: the supervisor started it again"
}

case $fault in
    daemon) kill_daemon "$@" ;;
    jobs) kill_jobs "$@" ;;
    group) signal_group "$@" ;;
    restart) restart_daemon "$@" ;;
esac
