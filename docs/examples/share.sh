#!/bin/sh
# A phone in a script: enrols with an invitation, shares with everyone it may share with, publishes a test picture, and
# stops. Needs curl, jq and ffmpeg. Every call stands in ../api.md.
#
#   share.sh GATEWAY CODE NAME
#
# GATEWAY: such as http://lareira.local:8080. CODE: of an invitation, from the TV or `lareira admin invite`. NAME: the
# sender's, as TVs show it. DURATION (seconds, 10 if not said) in the environment says how long it publishes.
set -eu
usage="usage: share.sh GATEWAY CODE NAME"
api=${1:?"$usage"}/api/v1
code=${2:?"$usage"}
name=${3:?"$usage"}
folder=$(dirname "$0")

# call METHOD PATH [JSON]: what the gateway answers; ends the script with the gateway's own words if it refuses.
call() {
  answer=$(curl --silent --show-error --request "$1" --header "Authorization: Bearer ${token:-}" \
    ${3:+--header 'Content-Type: application/json' --data "$3"} "$api$2")
  if refused=$(printf '%s' "$answer" | jq --exit-status --raw-output '.error.message'); then
    echo "$1 $2: $refused" >&2
    exit 1
  fi
  printf '%s\n' "$answer"
}

# The token is this phone's for good: keep it, and enrol once. Here it is forgotten at the end.
token=$(call POST /enrol "$(jq --null-input --arg code "$code" --arg name "$name" '{$code, $name}')" | jq --raw-output .token)

everyone=$(call GET /contacts | jq --compact-output '[.contacts[].user_id]')
share=$(call POST /shares "$(jq --null-input --argjson targets "$everyone" '{$targets, kind: "live", title: "A test picture"}')")
id=$(printf '%s' "$share" | jq --raw-output .share_id)
echo "share $id"

DURATION=${DURATION:-10} "$folder/publish.sh" "$(printf '%s' "$share" | jq --raw-output .publish.rtsp_url)" &
publishing=$!

# Whoever would rather be told follows GET /shares/ID/events.
state=pending
while kill -0 $publishing 2>/dev/null && [ "$state" != ready ]; do
  sleep 0.2
  state=$(call GET "/shares/$id" | jq --raw-output .state)
done
echo "$state"
wait $publishing

call POST "/shares/$id/stop" >/dev/null
call GET "/shares/$id" | jq --raw-output '"\(.state) after \(.duration_ms) ms: " + ([.targets[] | "\(.name) \(.state)"] | join(", "))'
