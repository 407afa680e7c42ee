#!/bin/sh
# TensorBoard's two data servers show different steps of the same log folder after a training that went back.
#
# Who meets it: whoever resumes from an earlier checkpoint. The format has a record for that (SessionLog START with the
# step): what was logged from that step on is stale.
# Guess before the run: the record is part of the format, so both servers drop the stale values.
# Seen (tensorboard 2.21.0, tensorboard-data-server 0.7.2): the server in Python (--load_fast=false) drops them; the one in
# Rust (--load_fast=true, which `auto` takes where it is installed) ignores the record. There a series loses stale values
# only when a new value of its own comes, so a rare one (a picture per epoch) shows what training has taken back.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorboard==2.21.0 tensorboard-data-server==0.7.2 'setuptools<81' numpy==2.4.6
"$folder/venv/bin/python" - "$folder/logs" <<'P'
import json, os, re, subprocess, sys, tempfile, time, urllib.error, urllib.request
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

logs = sys.argv[1]
os.mkdir(logs)


def write(name, events):
    with open(os.path.join(logs, name), "wb") as file:
        records = RecordWriter(file)
        for event in events:
            records.write(event.SerializeToString())
        records.flush()


def value(step, tag, number):
    return Event(wall_time=step, step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=number)]))


version = Event(wall_time=0, file_version="brain.Event:2")
start = Event(wall_time=0, step=1, session_log=SessionLog(status=SessionLog.START))
write("events.out.tfevents.1.a", [version, start] + [value(s, "often", s) for s in range(1, 11)] + [value(9, "rare", 9)])
restart = Event(wall_time=11, step=6, session_log=SessionLog(status=SessionLog.START))
write("events.out.tfevents.2.a", [version, restart, value(6, "often", 60), value(7, "often", 70)])


def steps(fast):
    said = tempfile.TemporaryFile("w+")
    server = subprocess.Popen(
        [sys.executable, "-m", "tensorboard.main", "--logdir", logs, "--port", "0", f"--load_fast={fast}"],
        stdout=said, stderr=subprocess.STDOUT)
    try:
        for _ in range(600):
            time.sleep(0.1)
            said.seek(0)
            address = re.search(r"http://\S+:\d+/", said.read())
            if not address:
                continue
            try:
                found = {}
                for tag in "often", "rare":
                    url = f"{address[0]}data/plugin/scalars/scalars?run=.&tag={tag}"
                    found[tag] = [point[1] for point in json.load(urllib.request.urlopen(url))]
                return found
            except urllib.error.HTTPError as error:
                # Not loaded yet, or no such series any more.
                if "often" in found:
                    found["rare"] = []
                    return found
    finally:
        server.kill()
        server.wait()


python, rust = steps("false"), steps("true")
print("in Python:", python)
print("in Rust:  ", rust)
assert python == {"often": [1, 2, 3, 4, 5, 6, 7], "rare": []}, "the behaviour has changed"
assert rust == {"often": [1, 2, 3, 4, 5, 6, 7], "rare": [9]}, "the behaviour has changed"
P
echo "as described"
