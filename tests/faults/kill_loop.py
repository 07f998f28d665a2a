#!/usr/bin/env python3
"""Collectors and HTTP clients at work, and one process after the other killed.

    kill_loop.py --bin DIR [--kills 200] [--seed S] [--what service,signer,…]

kill -9 of the service, the signer, the supervisor (started again by this loop)
or Mosquitto (likewise; it keeps its queues on disk), at moments drawn from the
seed, under load. Then what the clients were told is compared with the record:

  lost        a request that was handed over and got no answer: an MQTT request
              that the broker acknowledged, while its collector waited for
              --patience seconds with everything up; or an HTTP request, asked
              again and again with its Idempotency-Key
  doubled … broken   as oracle.py says

The summary is JSON on stdout, progress is on stderr; status 0 where no fault
was found. A lost request is listed by the kills that fell into its life, and by
what was lost: the collector asks once more, and the certificate that it gets
was either made before that (the answer was lost) or is new (the request was).
"""
import argparse
import collections
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import kill_clients
import oracle

PASS = "correct horse battery staple"
WHAT = ("service", "signer", "supervisor", "broker")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Installation:
    """The processes: started, killed, started again."""

    def __init__(self, binaries, folder):
        self.binaries, self.folder = binaries, folder
        self.dir = os.path.join(folder, "ca")
        self.mqtt_port, self.http_port = free_port(), free_port()
        self.broker = self.supervisor = None
        self.gave_up = 0
        self.log = open(os.path.join(folder, "log"), "ab")

    def make(self):
        pass_file = os.path.join(self.folder, "pass")
        with open(pass_file, "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(PASS + "\n")
        users = []
        if os.getuid() == 0:  # the service becomes somebody else
            os.chmod(self.folder, 0o711)
            users = ["--user", "61001", "--signer-user", "61002"]
        subprocess.run([os.path.join(self.binaries, "ms_ssl_server"), "init",
                        "--dir", self.dir, "--passphrase-file", pass_file,
                        "--mqtt-port", str(self.mqtt_port),
                        "--http-port", str(self.http_port)] + users,
                       check=True, stdout=self.log, stderr=self.log)

    def start_broker(self):
        self.broker = subprocess.Popen(
            ["mosquitto", "-c", os.path.join(self.dir, "mosquitto.conf")],
            stdout=self.log, stderr=self.log)

    def start_supervisor(self):
        self.supervisor = subprocess.Popen(
            [os.path.join(self.binaries, "ms_ssl_server"), "run", "--config",
             os.path.join(self.dir, "ms_ssl_server.conf"),
             "--set", "mqtt_reconnect_min=20", "--set", "mqtt_reconnect_max=500"],
            stdout=self.log, stderr=self.log)

    def health(self):
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/healthz" % self.http_port,
                                        timeout=5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            return json.loads(refusal.read() or b"{}")
        except (OSError, ValueError, http.client.HTTPException):
            return None

    def is_well(self):
        health = self.health()
        return bool(health and health.get("broker_connected"))

    def pid_of(self, what):
        if what == "broker":
            return self.broker.pid
        if what == "supervisor":
            return self.supervisor.pid
        word = {"service": "ms_ssl_server serve", "signer": "ms_ssl_signer"}[what]
        found = subprocess.run(["pgrep", "-P", str(self.supervisor.pid), "-f", word],
                               stdout=subprocess.PIPE, check=False).stdout.split()
        return int(found[0]) if found else None

    def children(self):
        return [p for p in (self.pid_of("service"), self.pid_of("signer")) if p]

    def kill(self, what):
        """False where it is not there at this moment."""
        left = self.children() if what == "supervisor" else []
        pid = self.pid_of(what)
        if pid is None:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        if what == "broker":
            self.broker.wait()
            self.start_broker()
        elif what == "supervisor":
            self.supervisor.wait()
            wait_until("the end of what it left", lambda: not any(map(is_there, left)))
            self.start_supervisor()
        return True

    def recover(self):
        """Until all is up; a supervisor that gave up is started again."""
        def well():
            if self.supervisor.poll() is not None:
                self.gave_up += 1
                self.start_supervisor()
            return self.is_well()
        wait_until("recovery", well)

    def stop(self):
        status = {}
        for name, process in (("supervisor", self.supervisor), ("broker", self.broker)):
            if process is None:
                continue
            process.terminate()
            status[name] = process.wait(timeout=120)
        return status

    def end(self):
        """What a fault of the loop itself left."""
        for process in (self.supervisor, self.broker):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()


def is_there(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="latin-1") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Stuck(Exception):
    pass


def wait_until(what, predicate, seconds=180):
    end = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > end:
            raise Stuck("waited %d s for %s" % (seconds, what))
        time.sleep(0.02)


def say(text):
    print(text, file=sys.stderr, flush=True)


class Loop:
    def __init__(self, options, installation):
        self.options, self.i = options, installation
        self.random = random.Random(options.seed)
        self.record = kill_clients.Record(options.patience)
        self.kills = collections.Counter()
        self.recovery = collections.defaultdict(list)
        self.clients = []

    def start_clients(self):
        for n in range(self.options.collectors):
            name = "02A0000000%02X" % n
            self.clients.append(kill_clients.Collector(self.i, self.record, PASS, name))
        for n in range(self.options.http):
            self.clients.append(kill_clients.HttpClient(
                self.i, self.record, PASS, "02B0%02X" % n))
        for client in self.clients:
            client.start()

    def kill_one(self):
        what = self.random.choice(self.options.what)
        time.sleep(self.random.uniform(0, self.options.pause))
        started = time.monotonic()
        self.record.disturb(what)
        if not self.i.kill(what):
            return
        self.kills[what] += 1
        self.i.recover()
        self.recovery[what].append(time.monotonic() - started)
        self.record.undisturbed()

    def run(self):
        started = time.monotonic()
        while sum(self.kills.values()) < self.options.kills:
            before = sum(self.kills.values())
            self.kill_one()
            done = sum(self.kills.values())
            if done != before and (done % 10 == 0 or done == self.options.kills):
                say("%4d kills, %5d s: %s" % (
                    done, time.monotonic() - started, self.record.line()))
        self.record.stopping = True
        for client in self.clients:
            client.join()

    def summary(self, status):
        faults = oracle.check(self.i.dir, self.record.told)
        times = {what: {"median_s": round(sorted(t)[len(t) // 2], 2),
                        "max_s": round(max(t), 2)}
                 for what, t in self.recovery.items()}
        found = dict(seed=self.options.seed, kills=dict(self.kills),
                     gave_up=self.i.gave_up, recovery=times, ended=status,
                     **self.record.summary())
        found["faults"] = {kind: len(texts) for kind, texts in faults.items()}
        found["fault_texts"] = [t for texts in faults.values() for t in texts][:20]
        found["undecided_intents"] = oracle.open_intents(self.i.dir)
        found["ok"] = not faults and not found["lost"] and not found["refused"]
        return found


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--what", default=",".join(WHAT))
    parser.add_argument("--pause", type=float, default=2.0,
                        help="seconds from all being up to the next kill, at most")
    parser.add_argument("--patience", type=float, default=20.0)
    parser.add_argument("--collectors", type=int, default=6)
    parser.add_argument("--http", type=int, default=4)
    parser.add_argument("--keep", action="store_true", help="the folder, for a look")
    options = parser.parse_args()
    options.what = options.what.split(",")
    if set(options.what) - set(WHAT):
        parser.error("--what: of " + ",".join(WHAT))
    return options


def main():
    options = parse()
    say("seed %d" % options.seed)
    folder = tempfile.mkdtemp(prefix="kill_loop.")
    installation = Installation(os.path.abspath(options.bin), folder)
    loop = Loop(options, installation)
    try:
        installation.make()
        installation.start_broker()
        installation.start_supervisor()
        installation.recover()
        loop.start_clients()
        loop.run()
        found = loop.summary(installation.stop())
    except Stuck as stuck:
        say("stuck: %s; the log is %s/log" % (stuck, folder))
        options.keep = True
        found = {"ok": False, "seed": options.seed, "stuck": str(stuck)}
    finally:
        loop.record.stopping = True
        installation.end()
    if options.keep:
        found["folder"] = folder
    else:
        shutil.rmtree(folder)
    print(json.dumps(found, indent=1))
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
