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

/**
 * Bytes that may leave at once. tbf refills by the clock, so a burst of a few milliseconds keeps a slow link
 * smooth and lets a fast one reach its rate; never below a handful of frames.
 */
export function burstBytes(payloadMbit: number): number {
  return Math.max(16_384, Math.round((payloadMbit * 1e6 * 0.004) / 8));
}
