#!/bin/sh
# The job that tells the truth. A scheduler under test runs it; it says for itself that it
# started, that it lives and how it ended, so that nobody has to believe the scheduler.
#
# It needs a POSIX sh and a sleep that takes fractions, nothing else: it runs in any image.
# One value is one file, so quotes, newlines and any bytes of a value come through as they are.
# A start or an end is one empty file whose name says it all: it is there or it is not, and a
# reader never sees half of it. The harness takes the times from the files, not from this shell.
#
# The parameters, as upper-case variables:
#   TAG      which job this is for the harness
#   HOLD     1: hold on until the harness releases TAG (default); 0: end at once
#   ENDS     the exit status once released (default 0)
#   ON_TERM  die: say so and exit 143 (default); finish: end well; ignore: go on
#   FAMILY   1: also start a process that lives until TAG is released, and shows signs of life too
#   BEAT     seconds between two signs of life (default 0.1); many jobs at once beat slowly
#   NOTE     any text, recorded
#   $1       a word that the harness gave to the jobs of this event alone; recorded as WORD
#   RECORD   more names of variables to record, separated by spaces
set -u
# Whatever user this is: the harness, another user perhaps, removes the files.
umask 0

id=

refuse() {
    printf 'witness: %s\n' "$1" >&2
    exit 70
}

# Containers use a process id again and again, so the file system settles who owns a name: of two
# that make the same folder, only one succeeds.
claim() {
    n=0
    id=$node-$$-$n
    until mkdir "$folder/values/$id" 2>/dev/null; do
        [ -d "$folder/values/$id" ] || refuse "cannot write to $folder/values"
        n=$((n + 1))
        id=$node-$$-$n
    done
}

# Only a plain upper-case name may reach eval.
record() {
    case $1 in
        '' | [!A-Z_]* | *[!A-Z0-9_]*) refuse "'$1' is no name of a parameter" ;;
    esac
    eval "[ -n \"\${$1+set}\" ]" || return 0
    eval "printf %s \"\${$1}\"" >"$folder/values/$id/$1" || refuse "cannot record $1"
}

say() {
    : >"$folder/events/$id.$1" || refuse "cannot write to $folder/events"
}

# A signal may arrive before the start was said; an end without a start would be no execution.
# One that arrives now comes too late to change how this ends.
leave() {
    trap '' TERM
    [ -e "$folder/events/$id.started" ] || say started
    say "$1"
    exit "$2"
}

obey() {
    case ${ON_TERM:-die} in
        die) trap 'leave terminated 143' TERM ;;
        finish) trap 'leave completed 0' TERM ;;
        ignore) trap '' TERM ;;
        *) refuse "ON_TERM is '$ON_TERM', but die, finish and ignore are all there is" ;;
    esac
}

# The sleep is waited for in the background: a trap is then run at once, and a signal to the whole
# group, which ends the sleep too, only makes the next beat come early.
# Whoever ends the job has to end this, too: by itself it does not notice.
accompany() {
    until [ -e "$folder/release/${TAG:-untagged}" ]; do
        printf . >>"$folder/beats/$id"
        sleep 0.1
    done </dev/null >/dev/null 2>&1 &
}

hold() {
    until [ -e "$folder/release/${TAG:-untagged}" ]; do
        printf . >>"$folder/beats/$id"
        sleep "${BEAT:-0.1}" </dev/null >/dev/null 2>&1 &
        wait $!
    done
}

folder=${RUNALL_WITNESS:?"the witness needs RUNALL_WITNESS, the folder to write to"}
node=${RUNALL_NODE:-nowhere}
ends=${ENDS:-0}
case $ends in
    *[!0-9]*) refuse "ENDS is '$ends', which is no exit status" ;;
esac

claim
for name in RUNALL_NODE JOB_ID JOB_EVENT JOB_NOW JOB_SOURCE JOB_ATTEMPT JOB_ROOT \
    TAG NOTE ENDS BEAT HOLD ON_TERM FAMILY RECORD ${RECORD:-}; do
    record "$name"
done
PID=$$
record PID
WORD=${1:-}
record WORD
obey
say started
[ -z "${FAMILY:-}" ] || accompany
[ "${HOLD:-1}" = 0 ] || hold
[ "$ends" -eq 0 ] || leave failed "$ends"
leave completed 0
