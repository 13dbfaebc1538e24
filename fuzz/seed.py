#!/usr/bin/env python3
"""Makes the fuzz targets' first inputs of real captures (tests/captures): corpus/TARGET/NAME, beside this file."""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
CAPTURES = HERE.parent / "tests" / "captures"

LIST = """#EXTM3U url-tvg="http://guide.example/g.xml"
#EXTINF:-1 tvg-id="a.pt" tvg-name="A" tvg-logo="l.png" tvg-chno="1" group-title="Notícias, TV",A HD
#EXTVLCOPT:http-user-agent=x
http://tv.example:8080/a.m3u8|User-Agent=x
#EXTINF:0,B
#EXTGRP:G
b.ts
"""
GUIDE = """<?xml version="1.0"?><!DOCTYPE tv SYSTEM "xmltv.dtd"><tv><channel id="a.pt"><display-name>A</display-name>
</channel><programme start="20260114233000 +0100" stop="20260115003000 +0100" channel="a.pt">
<title lang="pt">Tom &amp; <![CDATA[Jerry]]> &#8211;</title></programme></tv>"""
PLAYLIST = """#EXTM3U
#EXT-X-KEY:METHOD=AES-128,URI="k,1",IV=0x1
#EXT-X-MAP:URI="i.mp4"
#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="a,b"
http://x.example/v.m3u8
#EXTINF:4,
1.ts
"""


def keep(target: str, name: str, data: bytes) -> None:
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def messages(data: bytes):
    """The requests (head and body) and the interleaved packets (channel and bytes) of a connection."""
    while data:
        if data[0] == ord("$") and len(data) >= 4:
            length = int.from_bytes(data[2:4], "big")
            yield data[1], data[4 : 4 + length]
            data = data[4 + length :]
            continue
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return
        length = re.search(rb"(?i)content-length: *(\d+)", data[:end])
        total = end + 4 + (int(length[1]) if length else 0)
        yield None, data[:total]
        data = data[total:]


def rtsp(capture: Path) -> None:
    data = capture.read_bytes()
    keep("rtsp", f"{capture.stem}-whole", bytes([255, 0]) + data)
    keep("rtsp", f"{capture.stem}-bytes", bytes([0, 0]) + data)
    keep("rtsp", f"{capture.stem}-refused", bytes([50, 0xAA]) + data)
    packets = bytearray([0])
    for channel, message in messages(data):
        if channel is None:
            body = message.partition(b"\r\n\r\n")[2]
            if message.startswith(b"ANNOUNCE") and body:
                keep("sdp", capture.stem, body)
        else:
            # The captures put video on the first two channels where there is video first; the target takes either.
            flags = (channel >> 1 & 1) | (channel & 1) << 1 | 4
            packets += bytes([flags, 20]) + len(message).to_bytes(2, "big") + message
    if len(packets) > 1:
        keep("rtp", f"{capture.stem}-tcp", bytes(packets))
        keep("rtp", f"{capture.stem}-udp", b"\1" + bytes(packets[1:]))


def camera(film: Path) -> None:
    start = b'{"type":"start","version":1,"video":{"codec":"avc1.42c01e"},'
    start += b'"audio":{"codec":"mp4a.40.2","sample_rate":48000,"channels":1,"description":"EYg="}}'
    pictures = [b"\0\0\0\1\x09" + part for part in film.read_bytes().split(b"\0\0\0\1\x09")[1:]]
    said = [(True, start)]
    for n, picture in enumerate(pictures):
        said.append((False, bytes([1, n % 5 == 0, 0, 0]) + (n * 40_000).to_bytes(8, "big") + picture))
        said.append((False, bytes([2, 0, 0, 0]) + (n * 40_000 + 5000).to_bytes(8, "big") + b"!\x10\x04"))
    said.append((True, b'{"type":"end"}'))
    keep_camera("", said)


def camera_file(film: Path) -> None:
    data = film.read_bytes()
    said = [(True, b'{"type":"start","version":1,"container":"mp4"}')]
    for n in range(0, len(data), 20_000):
        said.append((False, b"\3\0\0\0" + (n * 10).to_bytes(8, "big") + data[n : n + 20_000]))
    keep_camera(f"-{film.stem}", said)


def keep_camera(name: str, said: list) -> None:
    frames, plain = bytearray(), bytearray()
    for text, message in said:
        mask = bytes([1, 2, 3, 4])
        length = bytes([0x80 | len(message)]) if len(message) < 126 else b"\xfe" + len(message).to_bytes(2, "big")
        frames += bytes([0x81 if text else 0x82]) + length + mask
        frames += bytes(byte ^ mask[i % 4] for i, byte in enumerate(message))
        plain += bytes([text]) + len(message).to_bytes(2, "big") + message
    keep("web_camera", f"socket{name}", bytes([255, 40, 0]) + frames)
    keep("web_camera", f"socket-bytes{name}", bytes([0, 0, 0]) + frames)
    keep("web_camera", f"messages{name}", bytes([0, 40, 1]) + plain)
    keep("web_camera", f"messages-late{name}", bytes([0, 255, 1]) + plain)


def main() -> None:
    for capture in sorted((CAPTURES / "rtsp").glob("*.client")):
        rtsp(capture)
    camera(HERE.parent / "tests" / "fixtures" / "camera" / "film.h264")
    for recording in sorted((CAPTURES / "recording").glob("*.mp4")):
        data = recording.read_bytes()
        keep("repair", recording.stem, data)
        keep("repair", f"{recording.stem}-cut", data[: len(data) * 2 // 3])
    for stream in sorted((CAPTURES / "channel").glob("*.ts")):
        keep("mpegts", stream.stem, b"\x40" + stream.read_bytes()[:100_000])
    for name in ("recorder", "fragmented", "hevc"):
        camera_file(CAPTURES / "mp4" / f"{name}.mp4")
    for film in sorted((CAPTURES / "mp4").glob("*.m[op]*")):
        keep("mp4", film.stem, b"\x40" + film.read_bytes())
    keep("m3u", "list", b"\x20" + LIST.encode())
    keep("m3u", "latin-1", b"\x01" + LIST.encode("latin-1"))
    keep("xmltv", "guide", GUIDE.encode())
    for name, head in (("length", f"Content-Length: {len(PLAYLIST)}\r\n"), ("close", ""), ("redirect", "Location: ../x\r\n")):
        status = 302 if name == "redirect" else 200
        keep("fetch", name, f"\x10HTTP/1.1 {status} OK\r\n{head}\r\n{PLAYLIST}".encode())
    chunks = f"{len(PLAYLIST):x}\r\n{PLAYLIST}\r\n0\r\n\r\n"
    keep("fetch", "chunks", f"\x10HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}".encode())
    share, ticket = "0000000000000000", "dGlja2V0"
    keep("routes", "channel", bytes([0]) + f"/channel/{share}/{ticket}/{ticket}.m3u8".encode())
    files = "live.mp4 index.m3u8 init.mp4 video.mp4 thumbnail.jpg manifest.mpd s1.m4s p1.2.m4s".split()
    paths = [f"/play/{share}/{ticket}/{file}" for file in files]
    paths += ["/", "/tv/", f"/tv/n/{share}", "/tv/app.js", "/healthz", "/metrics", "/tv/%2e%2e/x", "/tv/api/device"]
    paths += [f"/tv/api/shares/{share}/accept", f"/tv/api/inbox/{share}", f"/api/v1/shares/{share}/events"]
    for i, path in enumerate(paths):
        for method in range(6):
            keep("routes", f"{i}-{method}", bytes([method]) + path.encode())


if __name__ == "__main__":
    main()
