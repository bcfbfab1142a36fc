# Hurts a part of what runs in a container, at one instant: all of it stands still before.
# It runs inside and needs a POSIX sh, a sleep and /proc. It prints the evidence, which begins with
# "proven: " only if the processes themselves show that it was done.
#
#   daemon KEEP         SIGKILL to the daemon alone; the folder KEEP is that of keeper.sh
#   jobs PID...         SIGKILL to these processes, to their groups and sessions, and what they started
#   group KEEP SIGNAL NUMBER   the signal of that name and number to every process of the node
#   again KEEP          the keeper starts the daemon again
set -u

spared=
verb=$1
shift

give_up() {
    echo "$1"
    kill -s CONT -- -1
    exit 1
}

# One try each hundredth of a second, for five seconds; a busy machine may need some of them.
await() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -lt 500 ] || return 1
        sleep 0.01
    done
}

# All processes of the node: not its init, not this shell, and not who is spared.
census() {
    all=
    for entry in /proc/[0-9]*; do
        case " 1 $$ $spared " in
            *" ${entry#/proc/} "*) ;;
            *) all="$all ${entry#/proc/}" ;;
        esac
    done
}

# The state of a process, its parent, its group and its session; X if there is none. What comes
# before the last bracket is its name, whatever that holds.
look() {
    state=X parent=0 group=0 session=0
    read -r line 2>/dev/null <"/proc/$1/stat" || return 0
    # shellcheck disable=SC2086 # the fields of the line
    set -- ${line##*) }
    state=$1 parent=$2 group=$3 session=$4
}

gone() {
    for pid; do
        look "$pid"
        case $state in
            [ZXx]) ;;
            *) return 1 ;;
        esac
    done
}

# Stopped, or dead; D is the wait for a child that is being started, and stopped in the middle of it.
still() {
    census
    for pid in $all; do
        look "$pid"
        case $state in
            [TtZXxD]) ;;
            *) return 1 ;;
        esac
    done
}

# The kernel gives a signal to everybody at once: not to init, and not to who sends it.
freeze() {
    kill -s STOP -- -1
    await still || give_up "not all of it stood still"
}

told() {
    [ -s "$1" ]
}

# What is to live goes on before the daemon dies, which stands still: for a death beside a stopped
# process group the kernel sends SIGHUP to that group.
end_daemon() {
    await told "$1/daemon" || give_up "there was no daemon"
    freeze
    read -r daemon <"$1/daemon" || give_up "the daemon had ended before"
    look "$daemon"
    case $state in
        [TtD]) ;;
        *) give_up "the daemon $daemon had ended before" ;;
    esac
    echo stay >"$1/stay"
    : >"$1/died"
    read -r keeper <"$1/keeper"
    left=
    for pid in $all; do
        case $pid in
            "$daemon") continue ;;
            "$keeper") ;;
            *) left="$left $pid" ;;
        esac
        kill -s CONT "$pid" 2>/dev/null
    done
    kill -s KILL "$daemon"
    await told "$1/died" || give_up "the daemon $daemon survived SIGKILL"
    read -r status <"$1/died"
    [ "$status" = 137 ] || give_up "the daemon $daemon ended with exit code $status"
    echo "proven: daemon $daemon: frozen, then exit code $status; left behind:$left"
}

# To the jobs belongs whoever has one of them as parent, as leader of its group or of its session.
grow() {
    for pid in $all; do
        look "$pid"
        case $victims in *" $pid "*) continue ;; esac
        case $victims in
            *" $parent "* | *" $group "* | *" $session "*) victims="$victims$pid " ;;
        esac
    done
}

end_jobs() {
    freeze
    for pid; do
        gone "$pid" && give_up "the job $pid had ended before"
    done
    victims=" $* " before=
    until [ "$victims" = "$before" ]; do
        before=$victims
        grow
    done
    # shellcheck disable=SC2086 # many words
    kill -s KILL $victims
    # shellcheck disable=SC2086 # many words
    await gone $victims || give_up "not all of$victims ended"
    echo "proven: frozen, then SIGKILL; gone:$victims"
    kill -s CONT -- -1
}

# Whether the signal of that number waits for a process, is ignored by it, or comes too late.
heeds() {
    look "$1"
    case $state in [ZXx]) return 0 ;; esac
    while read -r key mask; do
        case $key in
            SigPnd: | ShdPnd: | SigIgn:)
                # The last eight digits: what is beyond is more than some shells can count.
                mask=0x${mask#????????}
                [ $((mask >> ($2 - 1) & 1)) = 0 ] || return 0
                ;;
        esac
    done <"/proc/$1/status"
    return 1
}

# The daemon: its keeper knows it; else it is the first process that init has started.
find_daemon() {
    if [ -s "$1/keeper" ]; then
        read -r spared <"$1/keeper"
        read -r daemon <"$1/daemon"
        return
    fi
    daemon=
    census
    for pid in $all; do
        look "$pid"
        if [ "$parent" = 1 ] && [ "$pid" -lt "${daemon:-$((pid + 1))}" ]; then
            daemon=$pid
        fi
    done
}

# Stop whatever moves, but for the daemon; whether nothing had to be.
others_still() {
    census
    others= moving=
    for pid in $all; do
        [ "$pid" != "$daemon" ] || continue
        others="$others $pid"
        look "$pid"
        case $state in
            [TtZXxD]) ;;
            *) kill -s STOP "$pid" 2>/dev/null && moving=1 ;;
        esac
    done
    [ -z "$moving" ]
}

# None but the daemon goes on before all have the signal, so it sees no job obey first. It is never
# stopped itself: when a process goes on, any of its threads may take a signal that waits, and many a
# daemon hears it in its main thread only. What is to be said is said first: the container may end.
end_group() {
    find_daemon "$1"
    await others_still || give_up "not all of it stood still"
    for pid in $others; do
        kill -s "$2" "$pid" 2>/dev/null
    done
    for pid in $others; do
        heeds "$pid" "$3" || give_up "$pid did not get SIG$2"
    done
    echo "proven: SIG$2 at one instant to all of it: $daemon$others"
    kill -s "$2" "$daemon"
    kill -s CONT -- -1
}

begin_again() {
    read -r keeper <"$1/keeper"
    started() {
        [ -s "$1" ] || { kill -s USR1 "$keeper" && return 1; }
    }
    await started "$1/daemon" || give_up "the keeper did not obey"
    echo "proven: the keeper started it again"
}

case $verb in
    daemon) end_daemon "$@" ;;
    jobs) end_jobs "$@" ;;
    group) end_group "$@" ;;
    again) begin_again "$@" ;;
esac
