#!/bin/sh
# Ends with 0 only where the gate of DOMAIN is at a fresh go. Needs curl and jq.
# RECONCILER_URL, DOMAIN; RECONCILER_TOKEN where the service asks for one.
set -eu
: "${RECONCILER_URL:?the address of reconciler serve}" "${DOMAIN:?the domain to ask about}"

answer=$(
  printf '%s\n' "${RECONCILER_TOKEN:+header = \"Authorization: Bearer $RECONCILER_TOKEN\"}" |
    curl --config - --fail --silent --show-error --max-time 20 --max-filesize 1000000 \
      "$RECONCILER_URL/api/v1/domains/$DOMAIN/gate/assert?require=go"
)
printf '%s' "$answer" | jq --exit-status --slurp --arg domain "$DOMAIN" '
  length == 1 and (.[0] |
    .domain == $domain
    and (.verdict == "go" or .verdict == "flipped")
    and (.valid_until == null and .verdict == "flipped"
      or (.valid_until | sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601) > now))
' >/dev/null || { echo "gate of $DOMAIN: no fresh go in the answer" >&2; exit 3; }
echo "gate of $DOMAIN: go"
