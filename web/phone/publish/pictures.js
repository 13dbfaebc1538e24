//! The camera's pictures one by one: from the track itself where the browser hands them out, else from what a video
//! element shows.

/** Calls `take(frame)` with each VideoFrame until `stop` is called; `take` closes it. Returns `stop`. */
export function pictures(track, video, take) {
  return 'MediaStreamTrackProcessor' in window ? fromTrack(track, take) : fromElement(video, take);
}

function fromTrack(track, take) {
  const reader = new window.MediaStreamTrackProcessor({ track, maxBufferSize: 2 }).readable.getReader();
  let isOver = false;
  const read = async () => {
    while (!isOver) {
      const { value, done } = await reader.read();
      if (done) { return; }
      if (isOver) { value.close(); } else { take(value); }
    }
  };
  read().catch(() => { isOver = true; });
  return () => {
    isOver = true;
    reader.cancel().catch(() => {});
  };
}

function fromElement(video, take) {
  let isOver = false;
  const shown = (nowMs, { captureTime, mediaTime }) => {
    if (isOver) { return; }
    video.requestVideoFrameCallback(shown);
    if (video.videoWidth) { take(new VideoFrame(video, { timestamp: Math.round(captureTime ? captureTime * 1000 : mediaTime * 1e6) })); }
  };
  video.requestVideoFrameCallback(shown);
  return () => { isOver = true; };
}
