#!/bin/sh
# Recorded with API Recorder: makes the same calls to the app again and prints the results.
# It needs a POSIX shell, curl and the standard tools; --help says what it takes.
# Ends with 1 if a call failed that did not fail when it was recorded, else with 0.
set -u
export LC_ALL=C

url=${RECORDER_URL:-}
[ -n "$url" ] || url='http://127.0.0.1:7860'
url=${url%/}
api=$url'/gradio_api'

text='"before"'
number='500'

usage() {
    echo "usage: $0 [option value]..."
    echo "Options, each as recorded where it is left out:"
    echo '  --text TEXT'
    echo '  --number JSON'
    echo "Environment:"
    echo "  RECORDER_URL    the app's address, in place of the recorded one"
}

die() {
    printf '%s\n' "$1" >&2
    exit "${2:-1}"
}

fail() {
    die "$1: failed: $error"
}

new_session() {
    od -An -N8 -tx1 /dev/urandom | tr -d ' \n'
}

# A text as it stands inside the quotes of a JSON string.
json_inside() {
    printf '%s\n' "$1" | awk '
        { gsub(/["\\]/, "\\\\&"); text = text (NR > 1 ? "\\n" : "") $0 }
        END {
            for (code = 1; code < 32; code++) {
                count = split(text, part, sprintf("%c", code))
                if (code == 10 || count < 2) continue
                text = part[1]
                for (n = 2; n <= count; n++) text = text sprintf("\\u%04x", code) part[n]
            }
            printf "%s", text
        }'
}

# post PATH BODY: prints the answer.
post() {
    printf '%s' "$2" | curl --globoff --proto =http,https -sS -H 'Content-Type: application/json' --data-binary @- --url "$api/$1"
}

# The body of a call: FUNCTION EVENT ARGUMENT...
body_of() {
    fn_index=$1 event=$2 list=
    shift 2
    for argument do list=$list,$argument; done
    body='{"data":['${list#,}'],"fn_index":'$fn_index',"session_hash":"'$session'",'${event#?}
}

# Puts a call into the app's queue; its number there is then in $event_id.
join_queue() {
    body_of "$@"
    answer=$(post queue/join "$body")
    case $answer in
        '{"event_id":"'*) event_id=${answer#*:\"} event_id=${event_id%%\"*} ;;
        *) error=${answer:-no answer}; return 1 ;;
    esac
}

# What becomes of the calls of this session, a message a line.
messages() {
    curl --globoff --proto =http,https -sSN --url "$api/queue/data?session_hash=$session"
}

# call FUNCTION EVENT ARGUMENT...: the app's message is then in $answer, or what went wrong in $error.
call() {
    join_queue "$@" || return 1
    answer=$(messages | sed -n -e 's/^data: {"msg":"process_completed",/{/p' -e 's/^data: {"msg":"unexpected_error",/{/p')
    completed
}

completed() {
    case $answer in
        '{"event_id":"'$event_id'","output":{"data":'*) ;;
        *) error_in_answer; return 1 ;;
    esac
}

error_in_answer() {
    error=$(printf '%s\n' "${answer:-no answer}" | awk '{
        if (match($0, /"error":("([^"\\]|\\.)*"|null)/)) print substr($0, RSTART + 8, RLENGTH - 8)
        else print
    }')
}

# call_and_cancel COUNT FUNCTION EVENT ARGUMENT...: cancels the call after so many values; $values says how many came.
call_and_cancel() {
    after=$1
    shift
    join_queue "$@" || return 1
    values=$(messages | {
        count=0 running=yes
        while IFS= read -r line; do
            case $line in
                'data: {"msg":"process_starts"'*) ;;
                'data: {"msg":"process_generating"'*) count=$((count + 1)) ;;
                *) continue ;;
            esac
            if [ "$running" ] && [ "$count" -ge "$after" ]; then
                running=
                post cancel '{"event_id":"'"$event_id"'","session_hash":"'"$session"'","fn_index":'"$fn_index"'}' >&2
                post reset '{"event_id":"'"$event_id"'"}' >&2
            fi
        done
        echo "$count"
    } 2>/dev/null)
}

# show NAME: prints the values that the last call gave.
show() {
    printf '%s: ' "$1"
    printf '%s\n' "$answer" | awk '{
        text = substr($0, index($0, "\"data\":") + 7)
        end = index(text, ",\"is_generating\":")
        if (end) text = substr(text, 1, end - 1)
        if (length(text) > 1000) text = substr(text, 1, 1000) "... (" length(text) " bytes)"
        print text
    }'
}

while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) usage; exit 0 ;;
        --text) [ $# -gt 1 ] || die "$1 needs a value" 2; text='"'"$(json_inside "$2")"'"' ;;
        --number) [ $# -gt 1 ] || die "$1 needs a value" 2; number="$2" ;;
        *) usage >&2; die "$1 is no option" 2 ;;
    esac
    shift 2
done
command -v curl >/dev/null || die "curl is missing: install it, for example with apt-get install curl" 2
session=$(new_session)

call 1 '{"trigger_id": null}' "$text" || fail say
show say

call_and_cancel 2 6 '{"trigger_id": null}' "$number" || fail count
echo "count: cancelled, as recorded, after $values values"
