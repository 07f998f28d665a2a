#!/usr/bin/env python3
"""A broker for one client, that behaves as badly as it is told.

    evil_broker.py --dir DIR [--tls-cert FILE --tls-key FILE]

Ports of its own choice are written to DIR/mqtt.port and DIR/control.port. On
the control port each line is a command as JSON, answered by one line of JSON:

  {"do": "behave", "publish": HOW, "connect": HOW, "subscribe": HOW}
  {"do": "send", "topic": T, "payload": P, "id": N, "qos": 1, "dup": false,
   "retain": false, "response": TOPIC, "correlation": TEXT, "times": 1,
   "half": false}            half: the first half of the packet, then silence
  {"do": "raw", "hex": "…"}  these bytes
  {"do": "drop", "reason": 139}   DISCONNECT (MQTT 5) if a reason is given, end
  {"do": "state"}            connections, whether one is subscribed, pubacks …
  {"do": "answers"}          what the client published: topic, payload, dup …
  {"do": "forget"}           empties what state and answers tell

How a PUBLISH is met: good, silent (never acknowledged), twice, "0x97" (that
reason), other (another message's number), late (with the next one's), or
"drop:0x8b" (DISCONNECT with that reason instead of an acknowledgement; once).
One thing is kept to: what the client has not acknowledged it gets again, with
the dup flag, as soon as it has subscribed anew.
How a CONNECT is met: good, silent, refuse, close, garbage, session (present).
How a SUBSCRIBE is met: good, silent, refuse.
"""
import argparse
import json
import os
import queue
import socket
import ssl
import threading

import mqtt

GOOD = {"publish": "good", "connect": "good", "subscribe": "good"}


class Broker:
    def __init__(self):
        self.lock = threading.Lock()
        self.how = dict(GOOD)
        self.link = None  # the connection that has subscribed
        self.forget()
        self.subscribed = 0
        self.faults = []

    def forget(self):
        self.answers, self.pubacks = [], []
        self.connections = 0
        self.pending = {}  # sent and not acknowledged: number -> command

    def state(self):
        link = self.link
        return {"connections": self.connections, "up": link is not None,
                "subscribed": self.subscribed, "pubacks": self.pubacks,
                "answers": len(self.answers), "faults": self.faults,
                "receive_max": link.receive_max if link else 0,
                "version": link.version if link else 0}


class Link:
    """One connection of the client's."""

    def __init__(self, broker, sock):
        self.broker, self.sock = broker, sock
        self.version, self.receive_max = 0, 65535
        self.late = []
        self.writing = threading.Lock()

    def write(self, data):
        with self.writing:
            self.sock.sendall(data)

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def run(self):
        try:
            while True:
                self.meet(*mqtt.read_packet(self.sock))
        except (OSError, ConnectionError):
            pass
        except ValueError as fault:
            self.broker.faults.append(str(fault))
        with self.broker.lock:
            if self.broker.link is self:
                self.broker.link = None
        self.sock.close()

    def meet(self, kind, flags, reader):
        if kind == mqtt.CONNECT:
            self.meet_connect(reader)
        elif kind == mqtt.SUBSCRIBE:
            self.meet_subscribe(reader)
        elif kind == mqtt.PUBLISH:
            self.meet_publish(mqtt.Message(self.version, flags, reader))
        elif kind == mqtt.PUBACK:
            n = reader.short()
            self.broker.pubacks.append(n)
            self.broker.pending.pop(n, None)
        elif kind == mqtt.PINGREQ:
            self.write(mqtt.packet(mqtt.PINGRESP, 0, b""))
        elif kind == mqtt.DISCONNECT:
            raise ConnectionError("the client's end")

    def meet_connect(self, reader):
        reader.text()
        self.version = reader.byte()
        reader.take(3)
        if self.version == 5:
            self.receive_max = reader.properties().get(mqtt.RECEIVE_MAXIMUM, 65535)
        self.broker.connections += 1
        how = self.broker.how["connect"]
        if how == "silent":
            return
        if how == "close":
            raise ConnectionError("as told")
        if how == "garbage":
            self.write(b"\x20\xff\xff\xff\xff\x7fHTTP/1.1 400\r\n\r\n")
            return
        code = 0
        if how == "refuse":
            code = 0x88 if self.version == 5 else 3
        body = bytes([1 if how == "session" else 0, code])
        if self.version == 5:
            body += mqtt.properties([(mqtt.RECEIVE_MAXIMUM, 20)])
        self.write(mqtt.packet(mqtt.CONNACK, 0, body))

    def meet_subscribe(self, reader):
        packet_id = reader.take(2)
        topics = 0
        if self.version == 5:
            reader.properties()
        while reader.at < len(reader.data):
            reader.text()
            reader.byte()
            topics += 1
        how = self.broker.how["subscribe"]
        if how == "silent":
            return
        codes = bytes([0x80 if how == "refuse" else 1] * topics)
        pairs = mqtt.properties([]) if self.version == 5 else b""
        self.write(mqtt.packet(mqtt.SUBACK, 0, packet_id + pairs + codes))
        if how != "refuse":
            with self.broker.lock:
                self.broker.link = self
                self.broker.subscribed += 1
            for c in list(self.broker.pending.values()):
                send(self, dict(c, dup=True))

    def meet_publish(self, message):
        how = self.broker.how["publish"]
        if not message.retain:  # the announcement of the CA is no answer
            self.broker.answers.append({
                "topic": message.topic, "dup": message.dup,
                "payload": message.payload.decode("utf-8", "replace"),
                "correlation": message.properties.get(
                    mqtt.CORRELATION_DATA, b"").decode("utf-8", "replace"),
                "qos": message.qos, "how": how})
        if message.qos:
            self.acknowledge(how, message.packet_id)

    def acknowledge(self, how, n):
        ack = mqtt.puback(self.version, n)
        if how == "good":
            for late in self.late + [ack]:
                self.write(late)
            self.late = []
        elif how == "twice":
            self.write(ack + ack)
        elif how == "other":
            self.write(mqtt.puback(self.version, n % 65535 + 1))
        elif how == "late":
            self.late.append(ack)
        elif how.startswith("0x"):
            self.write(mqtt.puback(self.version, n, int(how, 16)))
        elif how.startswith("drop:"):
            self.broker.how["publish"] = "good"
            self.end(int(how[5:], 16))

    def end(self, reason):
        if reason is not None and self.version == 5:
            self.write(mqtt.packet(mqtt.DISCONNECT, 0, bytes([reason])))
        self.close()


def send(link, c):
    pairs = []
    if "response" in c:
        pairs.append((mqtt.RESPONSE_TOPIC, c["response"]))
    if "correlation" in c:
        pairs.append((mqtt.CORRELATION_DATA, c["correlation"]))
    out = b""
    for i in range(c.get("times", 1)):
        n = c.get("id", 1) + i
        payload = c["payload"].replace("%n", "%d" % i).encode()
        out += mqtt.publish(link.version, c["topic"], payload, n,
                            c.get("qos", 1), c.get("dup", False),
                            c.get("retain", False), pairs)
        if c.get("qos", 1) and not c.get("half"):
            link.broker.pending[n] = dict(c, id=n, times=1,
                                          payload=payload.decode())
    link.write(out[:len(out) // 2] if c.get("half") else out)


def command(broker, c):
    link = broker.link
    if c["do"] == "behave":
        broker.how = dict(GOOD, **{k: v for k, v in c.items() if k != "do"})
    elif c["do"] == "forget":
        broker.forget()
    elif c["do"] == "answers":
        return broker.answers
    elif c["do"] == "state":
        return broker.state()
    elif link is None:
        return {"error": "nobody is connected"}
    elif c["do"] == "send":
        send(link, c)
    elif c["do"] == "raw":
        link.write(bytes.fromhex(c["hex"]))
    elif c["do"] == "drop":
        link.end(c.get("reason"))
    else:
        return {"error": "no such command"}
    return {"ok": True}


def control(broker, sock):
    with sock, sock.makefile("rw") as file:
        for line in file:
            try:
                answer = command(broker, json.loads(line))
            except (OSError, ValueError, KeyError) as fault:
                answer = {"error": repr(fault)}
            print(json.dumps(answer), file=file, flush=True)


def listen(folder, name):
    server = socket.create_server(("127.0.0.1", 0))
    path = os.path.join(folder, name)
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write("%d\n" % server.getsockname()[1])
    os.rename(path + ".new", path)
    return server


def serve(server, each):
    def loop():
        while True:
            sock, _ = server.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=each, args=(sock,), daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", required=True)
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    options = parser.parse_args()
    broker = Broker()
    context = None
    if options.tls_cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.tls_cert, options.tls_key)

    def meet_client(sock):
        try:
            if context:
                sock = context.wrap_socket(sock, server_side=True)
            Link(broker, sock).run()
        except OSError:
            sock.close()

    serve(listen(options.dir, "mqtt.port"), meet_client)
    serve(listen(options.dir, "control.port"), lambda s: control(broker, s))
    queue.Queue().get()  # until it is ended


if __name__ == "__main__":
    main()
