#!/usr/bin/env python3
"""Makes the fuzz targets' first inputs of real captures (tests/captures): corpus/TARGET/NAME, beside this file."""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
CAPTURES = HERE.parent / "tests" / "captures"


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


def main() -> None:
    for capture in sorted((CAPTURES / "rtsp").glob("*.client")):
        rtsp(capture)
    for recording in sorted((CAPTURES / "recording").glob("*.mp4")):
        data = recording.read_bytes()
        keep("repair", recording.stem, data)
        keep("repair", f"{recording.stem}-cut", data[: len(data) * 2 // 3])
    share, ticket = "0000000000000000", "dGlja2V0"
    files = "live.mp4 index.m3u8 init.mp4 video.mp4 thumbnail.jpg manifest.mpd s1.m4s p1.2.m4s".split()
    paths = [f"/play/{share}/{ticket}/{file}" for file in files]
    paths += ["/", "/tv/", f"/tv/n/{share}", "/tv/app.js", "/healthz", "/metrics", "/tv/%2e%2e/x", "/tv/api/device"]
    paths += [f"/tv/api/shares/{share}/accept", f"/tv/api/inbox/{share}", f"/api/v1/shares/{share}/events"]
    for i, path in enumerate(paths):
        for method in range(6):
            keep("routes", f"{i}-{method}", bytes([method]) + path.encode())


if __name__ == "__main__":
    main()
