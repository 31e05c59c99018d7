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
files=$(dirname -- "$0")'/../../sessions/functions_of_controls.files'


usage() {
    echo "usage: $0"
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

# ask CONTROL NAME ARGUMENT: calls a function that a control of the app has on the server.
ask() {
    body='{"data":'$3',"component_id":'$1',"fn_name":'$2',"session_hash":"'$session'"}'
    answer=$(printf '%s' "$body" | curl --globoff --proto =http,https -sS -w '%{http_code}' \
        -H 'Content-Type: application/json' --data-binary @- --url "$api/component_server/")
    asked
}

# ask_form CONTROL FIELD...: the same where what it takes are the fields of a form, each as curl has them.
ask_form() {
    set -- "$@" -F "component_id=$1" -F "session_hash=$session"
    shift
    answer=$(curl --globoff --proto =http,https -sS -w '%{http_code}' "$@" --url "$api/component_server/")
    asked
}

# The answer of a function of a control, made one of a call.
asked() {
    case $answer in
        *200) answer='{"data":['${answer%200}'],"is_generating":false}' ;;
        *) error=$answer; return 1 ;;
    esac
}

# file_in_form FILE: as the value of a field.
file_in_form() {
    printf '@"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
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
        *) usage >&2; die "$1 is no option" 2 ;;
    esac
    shift 2
done
command -v curl >/dev/null || die "curl is missing: install it, for example with apt-get install curl" 2
session=$(new_session)

ask 1 '"add"' \
    '{"it'\''s": ["\"\"\"\n*/ </script> {{ 1 }} {% x %} $(id) `id` ${x} '\'' # ]( <b> \u202e", 1152921504606846976]}' || fail add
show add

ask_form 1 --form-string \
    'fn_name=fields' \
    --form-string \
    'id=''""" */ </script> {{ 1 }} {% x %} $(id) `id` ${x} '\'' # ]( <b> '"$(printf '\342\200\256')" \
    -F \
    'file='"$(file_in_form "$files"'/7692c3ad3540bb80/it'\''s; 1,2.png')" || fail fields
show fields
