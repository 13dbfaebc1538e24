/* MP4 as it arrives: whole boxes out of pieces cut anywhere, and the few facts the player needs from them.
   Pure: bytes in, values out. ISO/IEC 14496-12 (boxes), 8.16.5 (prft); 14496-14 and -15 for the codec strings. */
(function (Lareira) {
  'use strict';

  var NTP_TO_UNIX_S = 2208988800;
  /* No picture is larger: whatever says so is something else, such as another server's page. */
  var MOST_BYTES = 67108864;

  function u32(b, i) { return (b[i] << 24 | b[i + 1] << 16 | b[i + 2] << 8 | b[i + 3]) >>> 0; }
  function u64(b, i) { return u32(b, i) * 4294967296 + u32(b, i + 4); }
  function fourcc(b, i) { return String.fromCharCode(b[i], b[i + 1], b[i + 2], b[i + 3]); }
  function hex(n) { return (n < 16 ? '0' : '') + n.toString(16); }

  /* Calls visit(type, start of the body, end) for every box between start and end; a lying size ends the walk. */
  function walk(b, start, end, visit) {
    while (start + 8 <= end) {
      var size = u32(b, start), head = 8;
      if (size === 1 && start + 16 <= end) { size = u64(b, start + 8); head = 16; }
      if (size === 0) { size = end - start; }
      if (size < head || start + size > end) { return; }
      visit(fourcc(b, start + 4), start + head, start + size);
      start += size;
    }
  }

  /* Gathers bytes and gives back whole boxes: push(bytes) returns [{type, bytes}], each including its header. */
  function Splitter() { this.rest = null; }
  Splitter.prototype.push = function (bytes) {
    var all = bytes, boxes = [], at = 0;
    if (this.rest) {
      all = new Uint8Array(this.rest.length + bytes.length);
      all.set(this.rest, 0);
      all.set(bytes, this.rest.length);
    }
    while (at + 8 <= all.length) {
      var size = u32(all, at);
      if (size === 1) {
        if (at + 16 > all.length) { break; }
        size = u64(all, at + 8);
      }
      if (size < 8 || size > MOST_BYTES) { throw new Error('not an MP4 stream'); }
      if (at + size > all.length) { break; }
      boxes.push({ type: fourcc(all, at + 4), bytes: all.subarray(at, at + size) });
      at += size;
    }
    this.rest = at < all.length ? all.subarray(at) : null;
    return boxes;
  };

  function audioObjectType(b, at, end) {
    /* esds: nested descriptors (14496-1, 8.3.3); the first five bits of tag 5 are the object type. */
    var i = at + 4;
    while (i + 2 < end) {
      var tag = b[i], size = 0;
      i += 1;
      do { size = size << 7 | b[i] & 127; } while (b[i++] & 128 && i < end);
      if (tag === 3) { i += 3; } else if (tag === 4) { i += 13; } else if (tag === 5) { return b[i] >> 3; } else { i += size; }
    }
    return 2;
  }

  function codecOf(b, start, end) {
    var codec = '';
    walk(b, start + 8, end, function (type, body, stop) {
      if (type === 'avc1' || type === 'avc3') {
        walk(b, body + 78, stop, function (inner, at) {
          if (inner === 'avcC') { codec = type + '.' + hex(b[at + 1]) + hex(b[at + 2]) + hex(b[at + 3]); }
        });
      } else if (type === 'mp4a') {
        walk(b, body + 28, stop, function (inner, at, to) {
          if (inner === 'esds') { codec = 'mp4a.40.' + audioObjectType(b, at, to); }
        });
      } else if (type === 'Opus') {
        codec = 'opus';
      }
    });
    return codec;
  }

  /* The tracks of a moov box: {id, kind: 'vide' or 'soun', timescale, codec, shift (edit list, in its timescale)}. */
  function tracks(moov) {
    var found = [];
    walk(moov, 8, moov.length, function (type, trak, trakEnd) {
      if (type !== 'trak') { return; }
      var track = { id: 0, kind: '', timescale: 1, codec: '', shift: 0 };
      walk(moov, trak, trakEnd, function (name, at, end) {
        if (name === 'tkhd') { track.id = u32(moov, at + (moov[at] === 1 ? 20 : 12)); }
        if (name === 'edts') {
          walk(moov, at, end, function (inner, e) {
            if (inner !== 'elst' || u32(moov, e + 4) !== 1) { return; }
            var shift = moov[e] === 1 ? u64(moov, e + 16) : u32(moov, e + 12);
            if (shift < 2147483648) { track.shift = shift; }
          });
        }
        if (name !== 'mdia') { return; }
        walk(moov, at, end, function (inner, m, mEnd) {
          if (inner === 'mdhd') { track.timescale = u32(moov, m + (moov[m] === 1 ? 20 : 12)); }
          if (inner === 'hdlr') { track.kind = fourcc(moov, m + 8); }
          if (inner !== 'minf') { return; }
          walk(moov, m, mEnd, function (deep, s, sEnd) {
            if (deep !== 'stbl') { return; }
            walk(moov, s, sEnd, function (last, d, dEnd) {
              if (last === 'stsd') { track.codec = codecOf(moov, d, dEnd); }
            });
          });
        });
      });
      found.push(track);
    });
    return found;
  }

  function mimeOf(list) {
    var codecs = [];
    list.forEach(function (track) { if (track.codec) { codecs.push(track.codec); } });
    return 'video/mp4; codecs="' + codecs.join(',') + '"';
  }

  function pictures(list) { return list.filter(function (track) { return track.kind === 'vide'; }); }

  /* The type of the pictures alone, of a type with sound: what names no picture's codec is left out. */
  function mimeOfPictures(mime) {
    return mime.replace(/codecs="([^"]*)"/, function (all, codecs) {
      return 'codecs="' + codecs.split(',').filter(function (codec) { return /^ *avc/.test(codec); }).join(',') + '"';
    });
  }

  /* Makes a moov or moof one of pictures alone, in place: the boxes of other tracks become free space.
     False when nothing of pictures is left. */
  function mute(box, list) {
    var ids = pictures(list).map(function (track) { return track.id; }), left = false;
    walk(box, 8, box.length, function (type, at, end) {
      if (type !== 'trak' && type !== 'traf') { return; }
      walk(box, at, end, function (name, b) {
        var id = name === 'tkhd' ? u32(box, b + (box[b] === 1 ? 20 : 12)) : name === 'tfhd' ? u32(box, b + 4) : -1;
        if (id < 0) { return; }
        if (ids.indexOf(id) >= 0) { left = true; return; }
        for (var i = 0; i < 4; i += 1) { box[at - 4 + i] = 'free'.charCodeAt(i); }
      });
    });
    return left;
  }

  /* The track runs of a moof box: [{track, decode (tfdt), offset (composition, of the first sample), lasts (where in the box
     the first sample's duration stands, if it does)}]. */
  function runs(moof) {
    var found = [];
    walk(moof, 8, moof.length, function (type, at, end) {
      if (type !== 'traf') { return; }
      var run = { track: 0, decode: 0, offset: 0, lasts: 0 };
      walk(moof, at, end, function (name, b) {
        if (name === 'tfhd') { run.track = u32(moof, b + 4); }
        if (name === 'tfdt') { run.decode = moof[b] === 1 ? u64(moof, b + 4) : u32(moof, b + 4); }
        if (name === 'trun') {
          var flags = u32(moof, b) & 0xffffff, i = b + 8;
          i += (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
          if (flags & 0x100) { run.lasts = i; }
          if (!(flags & 0x800)) { return; }
          i += (flags & 0x100 ? 4 : 0) + (flags & 0x200 ? 4 : 0) + (flags & 0x400 ? 4 : 0);
          run.offset = u32(moof, i) | 0;
        }
      });
      found.push(run);
    });
    return found;
  }

  /* Writes into a moof how long a run's first sample lasts, in its track's timescale. */
  function last(moof, run, duration) {
    for (var i = 0; i < 4; i += 1) { moof[run.lasts + i] = duration >>> (24 - 8 * i); }
  }

  /* When the gateway got the fragment, in Unix milliseconds, and for which track. */
  function arrival(prft) {
    return {
      track: u32(prft, 12),
      unixMs: (u32(prft, 16) - NTP_TO_UNIX_S) * 1000 + u32(prft, 20) / 4294967.296
    };
  }

  Lareira.mp4 = {
    Splitter: Splitter, tracks: tracks, mimeOf: mimeOf, mimeOfPictures: mimeOfPictures, pictures: pictures, mute: mute,
    runs: runs, last: last, arrival: arrival
  };
}(window.Lareira = window.Lareira || {}));
