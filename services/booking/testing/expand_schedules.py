"""Schedules by Python's zoneinfo: an implementation that shares nothing with ours but the rules of the time zones.

names                  prints the release of the machine's own time zone database, and the names in it
expand <folder>        reads {"zone", "years", "daily", "probes"}, one JSON a line, and answers each with one: a digest of
                       the starts of every day of each year, and the instant of each local time
"""

import hashlib
import json
import os
import sys
import zoneinfo
from datetime import date, datetime, time, timedelta


def start(local, zone):
    """Seconds since 1970, the first of two; None for a local time that the clocks skip."""
    seconds = int(local.replace(tzinfo=zone, fold=0).timestamp())
    shown = datetime.fromtimestamp(seconds, zone).replace(tzinfo=None, fold=0)
    return seconds if shown == local else None


def year_of(year, at, zone):
    starts = []
    day = date(year, 1, 1)
    while day.year == year:
        local = datetime.combine(day, at)
        seconds = start(local, zone)
        if seconds is None:
            return "no " + local.isoformat(timespec="minutes")
        starts.append(str(seconds))
        day += timedelta(days=1)
    return hashlib.sha1(",".join(starts).encode()).hexdigest()


def expand(folder, job):
    with open(os.path.join(folder, job["zone"]), "rb") as file:
        zone = zoneinfo.ZoneInfo.from_file(file)
    at = time.fromisoformat(job["daily"])
    return {
        "years": [year_of(year, at, zone) for year in job["years"]],
        "probes": [start(datetime.fromisoformat(local), zone) for local in job["probes"]],
    }


if sys.argv[1] == "names":
    release = "unknown"
    for folder in zoneinfo.TZPATH:
        path = os.path.join(folder, "tzdata.zi")
        if os.path.exists(path):
            with open(path) as file:
                release = file.readline().split()[-1]
            break
    print(json.dumps({"release": release, "names": sorted(zoneinfo.available_timezones())}))
else:
    for line in sys.stdin:
        print(json.dumps(expand(sys.argv[2], json.loads(line))), flush=True)
