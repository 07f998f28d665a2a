#!/usr/bin/env python3
"""Makes the seeds: small inputs from which the fuzzers set out."""

import hashlib
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
DATES_FROM = 1767225600  # as in ops_handle.c
DAY = 86400

# P-256's base point: a key whose owner everybody knows.
POINT = bytes.fromhex(
    "04"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
EC_P256, ED25519, RSA_2048 = 0, 3, 4
PASS = b"correct horse battery"


def write(fuzzer, name, data):
    folder = os.path.join(HERE, fuzzer)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


# What is said to the signer: ca/signer/message.c.


def field(data):
    return struct.pack(">H", len(data)) + data


def head(op, number=1):
    return struct.pack(">BQ", op, number)


def dates(start=-300, end=30 * DAY):
    return struct.pack(">qq", DATES_FROM + start, DATES_FROM + end)


SERIAL = bytes(range(1, 17))


def subject(cn=b"", org=b""):
    values = [b"", b"", b"", org, b"", cn, b""]
    return b"".join(field(v) for v in values)


def sans(*names):
    return bytes([len(names)]) + b"".join(
        bytes([kind]) + field(text) for kind, text in names
    )


def key(kind=EC_P256, raw=POINT, exponent=0):
    return struct.pack(">BI", kind, exponent) + field(raw)


def issue(profile, name, mac=0, cn=b"", names=(), public=None, password=PASS):
    return (
        head(3)
        + field(password)
        + field(profile)
        + field(name)
        + bytes([mac])
        + field(SERIAL)
        + dates()
        + subject(cn, "Ação".encode())
        + sans(*names)
        + (public or key())
    )


def requests():
    collector = (b"collector", b"AABBCCDDEEFF", 1)
    rsa = key(RSA_2048, b"\xc1" + bytes(254) + b"\x01", 65537)
    write("message_request", "status", head(1))
    write("message_request", "unlock", head(2) + field(PASS))
    write("message_request", "unlock-nothing", head(2) + field(b""))
    write("message_request", "issue-collector", issue(*collector))
    write("message_request", "issue-rsa", issue(*collector, public=rsa))
    write(
        "message_request",
        "issue-ed25519",
        issue(*collector, public=key(ED25519, bytes(range(32)))),
    )
    write(
        "message_request",
        "issue-server",
        issue(
            b"server",
            b"prof",
            cn=b"prof.voice.com/info",
            names=((0, b"prof.voice.com"), (1, b"192.0.2.1")),
        ),
    )
    write(
        "message_request",
        "issue-broker",
        issue(b"broker", b"broker", names=((0, b"localhost"),), password=b""),
    )
    write("message_request", "issue-service", issue(b"service", b"ssl", password=b""))
    write(
        "message_request",
        "issue-off-curve",
        issue(*collector, public=key(EC_P256, POINT[:-1] + b"\x00")),
    )
    write(
        "message_request",
        "open-key",
        head(4)
        + field(PASS)
        + field(b"AABBCCDDEEFF")
        + b"\x01"
        + field(SERIAL)
        + field(bytes(96)),
    )
    write(
        "message_request",
        "renew-authority",
        head(5) + field(SERIAL) + dates(0, 5000 * DAY),
    )
    write("message_request", "open-journal", head(6) + b"\x4a" + field(bytes(80)))


def replies():
    def reply(kind, name, message, payload, is_open=1, wait=0):
        return (
            struct.pack(">QBBI", 1, is_open, kind, wait)
            + field(name)
            + field(message)
            + field(payload)
        )

    write("message_reply", "done", reply(0, b"", b"", b"certificate"))
    write("message_reply", "locked", reply(15, b"pass", b"pass: is missing", b"", 0))
    write("message_reply", "wait", reply(13, b"", b"wait", b"", 1, 9))


# The ledger: ca/ledger/line.c.


def ledger():
    previous = "0" * 64
    lines = ""
    texts = (
        "1 2026-11-22T01:33:00.123Z started",
        "2 2026-11-22T01:33:00.124Z intent door=mqtt name=AABBCCDDEEFF"
        " serial=0102030405060708090a0b0c0d0e0f10"
        " not_before=2026-11-22T01:28:00Z not_after=2027-11-22T01:33:00Z"
        " profile=collector",
        "3 2026-11-22T01:33:00.125Z refused door=http verdict=wrong_pass",
    )
    for text in texts:
        previous = hashlib.sha256((previous + text).encode()).hexdigest()
        lines += text + " #" + previous + "\n"
    write("ledger_line", "file", lines)
    write("ledger_line", "file-torn", lines[:-20])
    write("ledger_line", "file-changed", lines.replace("mqtt", "http"))
    write("ledger_line", "line", lines.split("\n", 1)[0])
    write("ledger_line", "text", texts[0])
    write("ledger_line", "text-number-too-long", "1" * 40 + " x")


def json():
    name = '"name":"AA:BB:CC:DD:EE:FF"'
    write("json_scan", "sign", '{%s,"days":"365","pass":"secret"}' % name)
    write(
        "json_scan",
        "create",
        '{%s,"days":30,"pass":"a\\u0062\\n","country":"BR","state":"São Paulo",'
        '"locality":"x","org":"y","unit":"z","cn":"example.com/info",'
        '"email":"a@b.c","profile":"server","key_type":"rsa:2048",'
        '"san":["dns:a.example","ip:::1"]}' % name,
    )
    write("json_scan", "csr", '{%s,"days":1,"pass":"x","csr":"MIIB"}' % name)
    write("json_scan", "escapes", '{"cn":"\\ud83d\\ude00\\"\\\\\\/\\b\\f\\t"}')
    write("json_scan", "numbers", '{"days":-1.5e+10,"a":[0,1E-2,true,false,null]}')
    write("json_scan", "depth", '{"a":' + "[" * 40 + "]" * 40 + "}")
    write("json_scan", "name-twice", '{"name":"a","name":"b"}')
    write("json_scan", "nul", '{"name":"a\\u0000b"}')
    write("json_scan", "half-surrogate", '{"name":"\\ud83d"}')
    write("json_scan", "overlong", b'{"name":"\xc0\x80"}')


def http():
    host = "Host: a\r\n"
    get = "GET /healthz?x=1 HTTP/1.1\r\n" + host + "\r\n"
    post = "POST /v1/ssl/sign HTTP/1.1\r\n" + host + "Content-Type: application/json\r\n"
    length = post + "Idempotency-Key: k\r\nContent-Length: 2\r\n\r\n{}"
    chunks = post + "Transfer-Encoding: chunked\r\n\r\n1;a=b\r\n{\r\n1\r\n}\r\n0\r\nT: x\r\n\r\n"
    write("http_parse", "get", get)
    write("http_parse", "get-1.0", "GET / HTTP/1.0\r\n\r\n")
    write("http_parse", "length", length)
    write("http_parse", "chunks", chunks)
    write("http_parse", "pipeline", get + length + chunks + get)
    write(
        "http_parse",
        "expects",
        post + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    )
    write("http_parse", "close", "GET / HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n")


def topics():
    for name, text in {
        "answer": "ssl/AA:BB:CC:DD:EE:FF",
        "name": "prof.voice.com",
        "mac": "aa-bb-cc-dd-ee-ff",
        "wildcard": "ssl/+/#",
        "system": "$SYS/broker",
        "utf8": "ssl/\u00e7\u20ac\U0001f600",
        "control": "ssl/\x01\x7f\u0085",
    }.items():
        write("mqtt_topic", name, text)
    write("mqtt_topic", "surrogate", b"ssl/\xed\xa0\x80")
    write("mqtt_topic", "overlong", b"ssl/\xc0\xaf")
    write("mqtt_topic", "past-the-end", b"ssl/\xf0\x9f\x98")


def texts():
    write("serial_hex", "serial", SERIAL.hex())
    write("serial_hex", "serial-upper-case", SERIAL.hex().upper())
    write("serial_hex", "serial-negative", "ff" * 16)
    write("serial_hex", "base64", "AAECAwQFBgc=\r\n")
    write("serial_hex", "base64-lines", "QUJD\nREVG\nRw==\n")
    write("serial_hex", "base64-bits-left-over", "QUJDRB==")
    write("serial_hex", "base64-padding-inside", "QQ==QQ==")
    write("serial_hex", "bytes", bytes(range(0, 256, 5)))


def certificate_requests():
    write("csr_parse", "begin", "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n")
    write("csr_parse", "sequence", bytes.fromhex("30820003020100"))


# Packets that ops_handle reads as message_request does; its own folder is for
# what is found.
requests()
write("ops_handle", "unlock-wrong", head(2) + field(b"wrong horse battery"))
replies()
ledger()
json()
http()
topics()
texts()
certificate_requests()
