#!/bin/sh
# Publishes with ffmpeg, as a camera does: a test picture with a tone, or a file at its own speed.
#
#   publish.sh ADDRESS [FILE]
#
# ADDRESS: rtsp://…/live/TOKEN (`publish.rtsp_url` of a share), or a phone's lasting address, rtsp://…/phone/TOKEN.
# DURATION=10 in the environment ends it after so many seconds; without it, a test picture goes on until Ctrl-C.
set -eu
address=${1:?"usage: publish.sh ADDRESS [FILE]"}

if [ $# -gt 1 ]; then
  set -- -re -i "$2"
else
  set -- -re -f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine=frequency=440:sample_rate=48000
fi
# H.264 without B-frames and with a key frame each second: TVs that join late, and slow ones, wait for the next key frame.
exec ffmpeg -nostdin -hide_banner -loglevel warning "$@" ${DURATION:+-t "$DURATION"} \
  -c:v libx264 -preset veryfast -tune zerolatency -profile:v main -pix_fmt yuv420p -force_key_frames 'expr:gte(t,n_forced)' \
  -c:a aac -b:a 96k -f rtsp -rtsp_transport tcp "$address"
