#!/bin/sh
# Watches a share with mpv, VLC or ffplay: the first of them that is installed, or the one that is named.
#
#   watch.sh ADDRESS [PLAYER [OPTIONS…]]
#
# ADDRESS: `live_mp4_url` (least delay), `hls_url` (live, with seeking) or `video_mp4_url` (the recording), as `accept`
# and `lareira admin share new` give them.
set -eu
address=${1:?"usage: watch.sh ADDRESS [PLAYER [OPTIONS…]]"}
shift

if [ $# -eq 0 ]; then
  for player in mpv vlc ffplay; do
    if command -v "$player" >/dev/null; then
      set -- "$player"
      break
    fi
  done
fi
player=${1:?"install mpv, vlc or ffplay (a part of ffmpeg), or name another player"}
shift

# Each keeps less in hand than it would by itself.
case "$player" in
  mpv) exec mpv --profile=low-latency "$@" "$address" ;;
  vlc | cvlc) exec "$player" --network-caching=300 "$@" "$address" ;;
  ffplay) exec ffplay -hide_banner -loglevel warning -fflags nobuffer "$@" -i "$address" ;;
  *) exec "$player" "$@" "$address" ;;
esac
