#!/bin/sh
# Ends with 0 only where a signed answer proves a fresh go of DOMAIN. Needs curl and reconciler, and KEYS: the file that
# `reconciler gate --public-key` made once and that is kept beside the pipeline, never fetched along with the answer.
set -eu
: "${RECONCILER_URL:?the address of reconciler serve}" "${DOMAIN:?the domain to ask about}" "${KEYS:?the trusted keys}"

nonce=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
answer=$(
  printf '%s\n' "${RECONCILER_TOKEN:+header = \"Authorization: Bearer $RECONCILER_TOKEN\"}" |
    curl --config - --fail --silent --show-error --max-time 20 --max-filesize 1000000 \
      "$RECONCILER_URL/api/v1/domains/$DOMAIN/gate?signed=1&nonce=$nonce"
)
printf '%s' "$answer" | reconciler gate "$DOMAIN" --verify - --trust "$KEYS" --nonce "$nonce" --require go
