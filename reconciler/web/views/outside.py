"""Texts to paste where something else than this process starts the runs: a crontab, a systemd timer, a CronJob."""

from dataclasses import dataclass
from typing import Final

NIGHTLY: Final = "0 1 * * *"
CRONTAB: Final = """\
MAILTO=somebody@example.org
{cron} reconciler run --mode scan --time-budget 3h
*/15 * * * * reconciler run --mode sample"""
TIMER: Final = """\
# /etc/systemd/system/reconciler-scan.service
[Unit]
Description=Compare every record of both stores
OnFailure=reconciler-alarm@%n.service
[Service]
Type=oneshot
User=reconciler
ExecStart=/usr/bin/env reconciler run --mode scan --time-budget 3h
EnvironmentFile=/etc/reconciler/environment

# /etc/systemd/system/reconciler-scan.timer
[Timer]
OnCalendar=*-*-* 01:00:00 UTC
Persistent=true
[Install]
WantedBy=timers.target"""
CRONJOB: Final = """\
apiVersion: batch/v1
kind: CronJob
metadata: {{name: reconciler-scan}}
spec:
  schedule: "{cron}"
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 3600
  jobTemplate:
    spec:
      backoffLimit: 2
      podFailurePolicy:  # only 4, could not run, is worth another try
        rules:
          - action: FailJob
            onExitCodes: {{operator: In, values: [1, 2, 3, 5]}}
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: scan
              image: registry.example/reconciler
              args: [run, --mode, scan, --time-budget, 3h]
              envFrom: [{{secretRef: {{name: reconciler}}}}]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """One way to start runs from outside: its name, and the text to paste."""

    name: str
    text: str


def outside(cron: str) -> tuple[Outside, ...]:
    """The texts, at the hour of this cron expression (UTC) where it can be told in them."""
    when = cron or NIGHTLY
    return (
        Outside(name="crontab", text=CRONTAB.format(cron=when)),
        Outside(name="systemd timer", text=TIMER),
        Outside(name="Kubernetes CronJob", text=CRONJOB.format(cron=when)),
    )
