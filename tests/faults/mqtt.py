"""MQTT 3.1.1 and 5, byte by byte: as much as a hostile broker and a stubborn
client need. Nothing is checked on the way out: what is wrong is sent wrong."""
import struct

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 12, 13, 14

RECEIVE_MAXIMUM, SESSION_EXPIRY = 0x21, 0x11
RESPONSE_TOPIC, CORRELATION_DATA = 0x08, 0x09
BYTE = {0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A}
SHORT = {0x13, 0x21, 0x22, 0x23}
LONG = {0x02, 0x11, 0x18, 0x27}
NUMBER = {0x0B}
PAIR = {0x26}  # all others: two bytes of length, then that


def number(n):
    out = b""
    while True:
        n, digit = divmod(n, 128)
        out += bytes([digit | (0x80 if n else 0)])
        if not n:
            return out


def text(value):
    if isinstance(value, str):
        value = value.encode()
    return struct.pack("!H", len(value) & 0xFFFF) + value


def packet(kind, flags, body):
    return bytes([kind << 4 | flags]) + number(len(body)) + body


def properties(pairs):
    out = b""
    for key, value in pairs:
        out += bytes([key])
        if key in BYTE:
            out += bytes([value])
        elif key in SHORT:
            out += struct.pack("!H", value)
        elif key in LONG:
            out += struct.pack("!I", value)
        else:
            out += text(value)
    return number(len(out)) + out


def publish(version, topic, payload, packet_id=0, qos=1, dup=False,
            retain=False, pairs=()):
    body = text(topic)
    if qos:
        body += struct.pack("!H", packet_id)
    if version == 5:
        body += properties(pairs)
    return packet(PUBLISH, (8 if dup else 0) | qos << 1 | int(retain), body + payload)


def puback(version, packet_id, reason=None):
    body = struct.pack("!H", packet_id)
    if version == 5 and reason is not None:
        body += bytes([reason])
    return packet(PUBACK, 0, body)


class Reader:
    """One packet's body, from its front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        part = self.data[self.at:self.at + n]
        if len(part) != n:
            raise ValueError("the packet ends early")
        self.at += n
        return part

    def byte(self):
        return self.take(1)[0]

    def short(self):
        return struct.unpack("!H", self.take(2))[0]

    def text(self):
        return self.take(self.short())

    def number(self):
        n = shift = 0
        while True:
            digit = self.byte()
            n |= (digit & 127) << shift
            shift += 7
            if not digit & 128:
                return n

    def properties(self):
        end = self.number() + self.at
        found = {}
        while self.at < end:
            key = self.byte()
            if key in BYTE:
                found[key] = self.byte()
            elif key in SHORT:
                found[key] = self.short()
            elif key in LONG:
                found[key] = struct.unpack("!I", self.take(4))[0]
            elif key in NUMBER:
                found[key] = self.number()
            elif key in PAIR:
                found[key] = (self.text(), self.text())
            else:
                found[key] = self.text()
        return found

    def rest(self):
        return self.take(len(self.data) - self.at)


def read_exact(sock, n):
    data = b""
    while len(data) < n:
        part = sock.recv(n - len(data))
        if not part:
            raise ConnectionError("closed")
        data += part
    return data


def read_packet(sock):
    """(kind, flags, Reader of the body)"""
    first = read_exact(sock, 1)[0]
    n = shift = 0
    while True:
        digit = read_exact(sock, 1)[0]
        n |= (digit & 127) << shift
        shift += 7
        if not digit & 128:
            break
    return first >> 4, first & 15, Reader(read_exact(sock, n))


class Message:
    """A PUBLISH that was read."""

    def __init__(self, version, flags, reader):
        self.dup, self.qos = bool(flags & 8), flags >> 1 & 3
        self.retain = bool(flags & 1)
        self.topic = reader.text().decode("utf-8", "replace")
        self.packet_id = reader.short() if self.qos else 0
        self.properties = reader.properties() if version == 5 else {}
        self.payload = reader.rest()
