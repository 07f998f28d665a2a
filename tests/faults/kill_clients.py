"""The clients of kill_loop.py: they ask, and ask again as a client should, and
note what they were told."""
import collections
import http.client
import json
import os
import socket
import ssl
import subprocess
import threading
import time
import uuid

import mqtt

TIMEOUT_S = 30
WINDOW = 3  # requests that a collector has under way,
FRESH_S = 2  # not counted those that wait longer than this,
WAITING_MAX = 200  # up to so many in all
KEEP_ALIVE_S = 60


class Record:
    """What was told, by all clients; and when it was quiet."""

    def __init__(self, patience):
        self.lock = threading.Lock()
        self.patience = patience
        self.told = []
        self.lost = []
        self.counts = collections.Counter()
        self.refused = collections.Counter()
        self.disturbances = []  # (when, what)
        self.quiet_since = time.monotonic()
        self.stopping = False

    def disturb(self, what):
        with self.lock:
            self.disturbances.append((time.monotonic(), what))
            self.quiet_since = None

    def undisturbed(self):
        self.quiet_since = time.monotonic()

    def count(self, what, n=1):
        with self.lock:
            self.counts[what] += n

    def tell(self, request, name, serial):
        with self.lock:
            self.told.append((request, name, serial))

    def refuse(self, word):
        with self.lock:
            self.refused[word] += 1

    def lose(self, door, request, since):
        """Noted with what was killed from a little before it was asked on."""
        with self.lock:
            kills = sorted({w for t, w in self.disturbances if t > since - 1})
            lost = {"door": door, "request": request, "what": "unknown",
                    "kills": "+".join(kills) or "none"}
            self.lost.append(lost)
            return lost

    def patience_is_over(self, since):
        """Nobody waits longer for what was asked at that time."""
        quiet = self.quiet_since
        return quiet is not None and time.monotonic() > max(quiet, since) + self.patience

    def line(self):
        return "%s, lost %d" % (
            ", ".join("%s %d" % pair for pair in sorted(self.counts.items())),
            len(self.lost))

    def summary(self):
        by = collections.Counter(
            "%s, the %s: %s" % (x["door"], x["what"], x["kills"]) for x in self.lost)
        return {"counts": dict(self.counts), "told": len(self.told),
                "refused": dict(self.refused), "lost": len(self.lost), "lost_by": dict(by)}


def body(name, days, passphrase, csr):
    return json.dumps({"name": name, "days": days, "pass": passphrase, "csr": csr})


def make_key(folder, name):
    """A device's key and request; the request is asked to be signed as NAME."""
    path = os.path.join(folder, name + ".device")
    return subprocess.run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", path, "-subj", "/CN=device"],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()


class Client(threading.Thread):
    def __init__(self, installation, record, passphrase, name):
        super().__init__(daemon=True)
        self.i, self.record, self.passphrase = installation, record, passphrase
        self.name_of, self.csr = name, make_key(installation.folder, name)
        self.asked = 0

    def post(self, verb, text, key):
        """(status, answer), or (0, None) where the connection failed."""
        link = http.client.HTTPConnection("127.0.0.1", self.i.http_port, timeout=TIMEOUT_S)
        try:
            link.request("POST", "/v1/ssl/" + verb, text,
                         {"Content-Type": "application/json", "Idempotency-Key": key})
            answer = link.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException):
            return 0, None
        finally:
            link.close()

    def post_until_answered(self, verb, text, key):
        """A certificate's answer, or None: refused, or lost."""
        since = time.monotonic()
        while True:
            status, answer = self.post(verb, text, key)
            if status in (200, 201):
                self.record.tell(key, answer["name"], answer["serial"])
                return answer
            if status not in (0, 500, 503):
                self.record.refuse("http %d %s" % (status, (answer or {}).get("error")))
                return None
            self.record.count("http asked again")
            if self.record.patience_is_over(since):
                self.record.lose("http", key, since)
                return None
            time.sleep(0.05)


class HttpClient(Client):
    def run(self):
        while not self.record.stopping:
            self.asked += 1
            name = "%s%06X" % (self.name_of, self.asked)
            key = "http-" + uuid.uuid4().hex
            text = body(name, 30, self.passphrase, self.csr)
            answer = self.post_until_answered("sign", text, key)
            if answer and self.asked % 5 == 0:  # as a client that forgot it
                self.post_until_answered("sign", text, key)
            self.record.count("http answered", 1 if answer else 0)


class Request:
    def __init__(self, key, text, packet_id):
        self.key, self.text, self.packet_id = key, text, packet_id
        self.since = self.acknowledged = self.lost = None

    def told(self, serial):
        """A serial begins with the milliseconds of its making: a lost request
        that is answered in the end shows what was lost of it."""
        if self.lost is not None:
            made_ms = int(serial[:12], 16)
            self.lost["what"] = "answer" if made_ms < self.lost_ms else "request"


class Collector(Client):
    """MQTT 5, QoS 1, a session that the broker keeps."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.sock, self.data, self.packet_id = None, b"", 0
        self.waiting = {}  # key -> Request
        self.last_sent = 0

    def make(self):
        """Its own certificate, to be let in at the broker."""
        answer = self.post_until_answered(
            "create", json.dumps({"name": self.name_of, "days": 30, "pass": self.passphrase}),
            "create-" + self.name_of)
        self.files = {}
        for part in ("ca", "key", "crt"):
            self.files[part] = os.path.join(self.i.folder, self.name_of + "." + part)
            with open(self.files[part], "w", encoding="ascii") as file:
                file.write(answer[part])

    def connect(self):
        context = ssl.create_default_context(cafile=self.files["ca"])
        context.load_cert_chain(self.files["crt"], self.files["key"])
        plain = socket.create_connection(("127.0.0.1", self.i.mqtt_port), TIMEOUT_S)
        self.sock = context.wrap_socket(plain, server_hostname="127.0.0.1")
        self.data = b""
        pairs = mqtt.properties([(mqtt.SESSION_EXPIRY, 3600)])
        self.write(mqtt.packet(
            mqtt.CONNECT, 0, mqtt.text("MQTT") + b"\x05\x00"
            + KEEP_ALIVE_S.to_bytes(2, "big") + pairs + mqtt.text(self.name_of)))
        self.read_until(mqtt.CONNACK)
        self.write(mqtt.packet(mqtt.SUBSCRIBE, 2, b"\xff\xff" + mqtt.properties([])
                               + mqtt.text("ssl/" + self.name_of) + b"\x01"))
        self.read_until(mqtt.SUBACK)
        self.sock.settimeout(0.1)
        for r in self.waiting.values():
            if r.acknowledged is None:
                self.send(r, dup=True)

    def write(self, data):
        self.sock.settimeout(TIMEOUT_S)
        self.sock.sendall(data)
        self.sock.settimeout(0.1)
        self.last_sent = time.monotonic()

    def read_until(self, kind):
        end = time.monotonic() + TIMEOUT_S
        while kind not in self.read_some():
            if time.monotonic() > end:
                raise ConnectionError("no answer")

    def read_some(self):
        """Takes what has come; the kinds of its packets."""
        self.sock.settimeout(0.1)
        try:
            part = self.sock.recv(65536)
        except TimeoutError:
            return []
        if not part:
            raise ConnectionError("closed")
        self.data += part
        kinds = []
        while (found := split_packet(self.data)) is not None:
            kind, flags, reader, self.data = found
            kinds.append(kind)
            self.take(kind, flags, reader)
        return kinds

    def take(self, kind, flags, reader):
        if kind == mqtt.PUBACK:
            n = reader.short()
            for r in self.waiting.values():
                if r.packet_id == n and r.acknowledged is None:
                    r.acknowledged = time.monotonic()
        elif kind == mqtt.PUBLISH:
            message = mqtt.Message(5, flags, reader)
            self.take_answer(message)
            if message.qos:
                self.write(mqtt.puback(5, message.packet_id))

    def take_answer(self, message):
        key = message.properties.get(mqtt.CORRELATION_DATA, b"").decode()
        answer = json.loads(message.payload)
        r = self.waiting.get(key)
        if "serial" in answer:
            self.record.tell(key, answer["name"], answer["serial"])
            if r is None:
                self.record.count("mqtt told again")
                return
            r.told(answer["serial"])
            del self.waiting[key]
            self.record.count("mqtt answered")
        elif r is not None and answer.get("error") in ("internal", "busy"):
            self.record.count("mqtt asked again")
            self.renew(r)
        else:
            self.record.refuse("mqtt %s" % answer.get("error"))
            self.waiting.pop(key, None)

    def renew(self, r):
        """The same request once more, in a new packet."""
        self.packet_id = self.packet_id % 60000 + 1
        r.packet_id, r.acknowledged = self.packet_id, None
        self.send(r, dup=False)

    def send(self, r, dup):
        self.write(mqtt.publish(5, "ssl/sign", r.text.encode(), r.packet_id, dup=dup,
                                pairs=[(mqtt.CORRELATION_DATA, r.key)]))

    def ask(self):
        self.asked += 1
        key = "mqtt-" + uuid.uuid4().hex
        text = body(self.name_of, self.asked % 300 + 1, self.passphrase, self.csr)
        r = Request(key, text, 0)
        r.since = time.monotonic()
        self.waiting[key] = r
        self.renew(r)

    def look_for_lost(self):
        """Said once; then asked again, to see that it is not done twice."""
        for r in list(self.waiting.values()):
            if r.acknowledged is None or not self.record.patience_is_over(r.acknowledged):
                continue
            r.lost = r.lost or self.record.lose("mqtt", r.key, r.since)
            r.lost_ms = time.time() * 1000
            r.since = time.monotonic()
            self.renew(r)

    def has_room(self):
        fresh = time.monotonic() - FRESH_S
        return (len(self.waiting) < WAITING_MAX and
                sum(r.since > fresh for r in self.waiting.values()) < WINDOW)

    def work(self):
        if time.monotonic() > self.last_sent + KEEP_ALIVE_S / 3:
            self.write(mqtt.packet(mqtt.PINGREQ, 0, b""))
        while self.has_room() and not self.record.stopping:
            self.ask()
        self.read_some()
        self.look_for_lost()

    def run(self):
        self.make()
        while not self.record.stopping or self.waiting:
            try:
                if self.sock is None:
                    self.connect()
                self.work()
            except (OSError, ConnectionError):
                if self.sock is not None:
                    self.sock.close()
                self.sock = None
                self.record.count("mqtt connected anew")
                time.sleep(0.05)
        if self.sock is not None:
            self.sock.close()


def split_packet(data):
    """(kind, flags, Reader, what follows), or None: not all of it is there."""
    n = shift = 0
    for at in range(1, 5):
        if at >= len(data):
            return None
        n |= (data[at] & 127) << shift
        shift += 7
        if not data[at] & 128:
            end = at + 1 + n
            if len(data) < end:
                return None
            return data[0] >> 4, data[0] & 15, mqtt.Reader(data[at + 1:end]), data[end:]
    raise ConnectionError("no MQTT")
