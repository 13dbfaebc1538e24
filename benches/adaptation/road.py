#!/usr/bin/env python3
"""A road between two network namespaces of this machine, as narrow, long and bad as one likes: all packets of a phone's
browser go by here, and the TCP at both ends is the kernel's own. Kernels without netem have no other way.

    road.py NAMESPACE HOME_IP PHONE_IP

Makes a TUN device at both ends, then reads lines from standard input: `uplink BITS_PER_SECOND`, `downlink …`,
`delay_ms ONE_WAY`, `loss SHARE`, `queue_bytes N`, `end`. Says "ready" when packets can go. Needs root."""

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000


def device(name):
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return tun


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Lane:
    """One direction: packets wait for their turn at the narrow place, then take their time; some never arrive."""

    def __init__(self, source, target, road):
        self.source, self.target, self.road = source, target, road
        self.bits_per_second = 100e6
        self.free_at = 0.0
        self.arrivals = []
        self.count = 0

    def take(self, now):
        while True:
            try:
                packet = os.read(self.source, 65536)
            except BlockingIOError:
                return
            start = max(now, self.free_at)
            if (start - now) * self.bits_per_second / 8 > self.road["queue_bytes"]:
                continue
            self.free_at = start + len(packet) * 8 / self.bits_per_second
            if random.random() < self.road["loss"]:
                continue
            self.count += 1
            heapq.heappush(self.arrivals, (self.free_at + self.road["delay_ms"] / 1000, self.count, packet))

    def give(self, now):
        while self.arrivals and self.arrivals[0][0] <= now:
            try:
                os.write(self.target, heapq.heappop(self.arrivals)[2])
            except OSError:
                pass  # The far end is not up: lost, like anything on a road.


def main():
    namespace, home_ip, phone_ip = sys.argv[1:]
    home, phone = device("road0"), device("road1")
    ip("link", "set", "road1", "netns", namespace)
    ip("addr", "add", f"{home_ip}/24", "dev", "road0")
    ip("link", "set", "road0", "up")
    for words in (["addr", "add", f"{phone_ip}/24", "dev", "road1"], ["link", "set", "road1", "up"], ["link", "set", "lo", "up"]):
        ip("-n", namespace, *words)
    road = {"delay_ms": 0.0, "loss": 0.0, "queue_bytes": 64000.0}
    lanes = {"uplink": Lane(phone, home, road), "downlink": Lane(home, phone, road)}
    print("ready", flush=True)
    while True:
        first = min((lane.arrivals[0][0] for lane in lanes.values() if lane.arrivals), default=None)
        wait = None if first is None else max(0.0, first - time.monotonic())
        readable, _, _ = select.select([home, phone, sys.stdin], [], [], wait)
        now = time.monotonic()
        for lane in lanes.values():
            if lane.source in readable:
                lane.take(now)
            lane.give(now)
        if sys.stdin in readable:
            words = sys.stdin.readline().split()
            if not words or words[0] == "end":
                return
            if words[0] in lanes:
                lanes[words[0]].bits_per_second = float(words[1])
            else:
                road[words[0]] = float(words[1])


if __name__ == "__main__":
    main()
