/**
 * A capacity means TCP payload at the receiver; the kernel's queue counts whole frames. On an Ethernet of MTU 1500
 * a full segment is 1514 bytes of frame (14 Ethernet, 20 IP, 32 TCP with timestamps) for 1448 of payload.
 */
const FRAME_BYTES = 1514;
const PAYLOAD_BYTES = 1448;

/** Mbit/s of payload -> bit/s of frames, for `tc tbf`. */
export function frameBitsPerSecond(payloadMbit: number): number {
  return Math.round(((payloadMbit * FRAME_BYTES) / PAYLOAD_BYTES) * 1e6);
}

/** Bytes of frames that full segments of so many bytes of payload make, and back. */
export function payloadBytes(frameBytes: number): number {
  return (frameBytes * PAYLOAD_BYTES) / FRAME_BYTES;
}

/** A full frame with some to spare: the kernel keeps a bucket as a time, rounded, and drops what is larger. */
const BURST_LEAST_BYTES = 1_600;
/** For which a bucket holds tokens where that is more than a handful of frames, and where it is less. */
const BURST_MS = 4;
const BURST_AT_MOST_MS = 20;
const HANDFUL_BYTES = 16_384;

/**
 * Bytes that may leave at once, on top of what the rate allows: after idleness too, and in the first second. A bucket
 * makes up for a kernel that comes late to the queue, as tbf gives tokens by the clock and keeps no more than it holds:
 * 4 ms of the rate, on slow links a handful of frames. Of 1 Mbit/s that would be an eighth of a second, so there it is
 * 20 ms, 2 % of a second, and never less than a frame.
 */
export function burstBytes(payloadMbit: number): number {
  const bytesIn = (ms: number): number => (frameBitsPerSecond(payloadMbit) * ms) / 8 / 1000;
  const handful = Math.max(BURST_LEAST_BYTES, Math.min(HANDFUL_BYTES, bytesIn(BURST_AT_MOST_MS)));
  return Math.round(Math.max(handful, bytesIn(BURST_MS)));
}
