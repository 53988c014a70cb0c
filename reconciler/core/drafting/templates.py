"""The texts that a new configuration starts from: service.toml, and a domain as an example."""

import json
from collections.abc import Sequence
from string import Template
from typing import Final

SERVICE: Final = Template("""\
# Settings of the service. Every key has an environment name, RECONCILER_<SECTION>__<KEY>, that wins over this file; a
# flag wins over both. Durations: a number with ms, s, m, h or d. The stores themselves are named by MONGODB_URI and
# PG_URL, never here.

[stores]
# Hosts that may be connected to; any other host is refused.
allowed_hosts = $allowed_hosts
# Off loopback an account that can write is refused, unless this is true; on loopback it is a warning.
allow_writable_credentials = false

[backend]
# The backend's /api/health, which tells what flags are on. Empty: no flag is watched.
health_url = ""
# How often it is asked.
poll = "30s"

[gate]
# A domain's file may override each of these; the environment overrides both.
# How long a domain must have been without a confirmed diff or a change of mapping, rules or policy.
soak_window = "72h"
# How many clean scans are needed, and how far apart.
min_clean_scans = 2
clean_scan_gap = "24h"
# How old the last scan may be.
max_scan_age = "26h"
# What share of the records must have been compared, above 0 and up to 1.
min_coverage = 1.0
# How many people must approve (0 asks for none), and for how long an approval holds.
approvals = 1
approval_ttl = "24h"
# How long ago the rollback plan may have been rehearsed.
rehearsal_max_age = "14d"
# Whether nobody may approve what they asked for or answer for (`reconciler config accept`).
four_eyes = false

[runs]
# A record that differs is read again, first after reread_first, then after twice as long each time up to reread_cap.
reread_first = "250ms"
reread_cap = "8s"
# Differing for this long without a change makes a diff confirmed.
confirm_after = "60s"
# A record that still changes after this long stays unconfirmed, and the run is inconclusive.
give_up_after = "180s"
# Records of each entity that a sample takes.
sample = 1000
# Records read at a time.
batch = 1000
# How long a statement may take in a store.
statement_timeout = "60s"
# How long a PostgreSQL snapshot is held before the next is taken.
snapshot_max = "60s"
# How entities are scanned: "auto" and "checksum" let the stores sum hashes where they can, "stream" reads every record.
method = "auto"
# A table of so many records is scanned only where an index serves its key; allow_unindexed scans it all the same.
large_table = 50000
allow_unindexed = false

[schedule]
# Five fields (minute hour day month weekday), UTC; weekdays by name (mon-fri). Empty: never. A domain's file may
# override.
scan = "0 1 * * *"
sample = "*/15 * * * *"

[gaps]
# Table where the backend notes dual writes that failed; leave it out where there is none.
$gaps_line

[server]
# Where the dashboard listens; any but this machine's own needs [access].
host = "127.0.0.1"
port = 8080
# Names beside this machine's own that it answers under.
hosts = []

[access]
# How people and machines say who they are: "loopback" (nobody has to, on this machine only) "token", "proxy", "oidc".
mode = "loopback"
# Proxies whose X-Forwarded-For counts, and in the mode "proxy" whose statement of who asks, by address or network.
trusted_proxies = []
# That is a JSON Web Token in this header, signed with the key in RECONCILER_PROXY_KEY, from issuer, for audience.
proxy_header = "X-Reconciler-Assertion"
issuer = ""
audience = ""
# In the mode "oidc": the client registered at issuer, and the address under which people reach this service.
client_id = ""
public_url = ""
# The claims of a statement that hold the name and the groups, and the groups that have each role.
name_claim = "email"
groups_claim = "groups"
viewers = []
investigators = []
operators = []
approvers = []
admins = []

[dashboard]
# Heading of every page.
title = "Reconciler"
# A sentence above every page, for example of a freeze. Empty: none.
announcement = ""
# What everyone may see without signing in: "badges", "feed". They tell names of domains and verdicts.
public = []
""")
EXAMPLE: Final = """\
# An example of a domain: rename the file and everything in it, or let `reconciler init --from-sources` write domains
# from your own stores. A domain is what one setting of the backend flips; the file bears its name.
domain = "example"
title = "Example"
# The setting that flips it; while nothing reads one, live_flag = false.
# flag = "EXAMPLE_STORE"
live_flag = false
# Domains that must be clean first.
# depends_on = ["other"]

# An entity is one collection and its table. Without `key`, the column legacy_object_id holds the document's _id.
[entity.example]
collection = "examples"
table = "examples"
# key = ["number"]              names of fields, where there is no such column
# ttl = "expiresAt"             past records are out of scope
# may_be_empty = true           no records at all is nothing to wonder about

# The path in MongoDB = what it is compared as. The column is the path in snake_case unless it is named. sensitivity:
# plain, pii (masked) or secret (never stored or shown); a field that does not say is secret.
[entity.example.fields]
name = { kind = "text", sensitivity = "pii" }
"price.amount" = { kind = "decimal", scale = 2, column = "price", sensitivity = "plain" }
parentId = { kind = "reference", refers_to = "example", sensitivity = "plain" }
createdAt = { kind = "instant", sensitivity = "plain" }

# What must hold in both stores.
[[invariant]]
name = "no_parent_cycles"
entity = "example"
kind = "no_cycles"
fields = ["parentId"]
"""
EXAMPLE_FILE: Final = "example.toml"


def service_text(*, allowed_hosts: Sequence[str], gaps_table: str) -> str:
    """service.toml with these hosts allowed, and the table of failed dual writes (empty for none)."""
    found = f'# unsure: it has the columns of such a table.\ntable = "{gaps_table}"'
    line = found if gaps_table else '# table = "pg_dualwrite_gaps"'
    return SERVICE.substitute(allowed_hosts=json.dumps(list(allowed_hosts)), gaps_line=line)
