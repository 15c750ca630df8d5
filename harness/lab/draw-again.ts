/**
 * The engine draws the port that it publishes on all addresses, and does not draw again when a connection has just
 * been opened from that port (Docker 20.10: "bind: address already in use").
 */
const TAKEN = /bind: address already in use|port is already allocated/;
const DRAWS = 5;

/** @param remove what the engine had made before it found the port taken */
export async function drawAgain<T>(start: () => Promise<T>, remove: (error: Error) => Promise<void>): Promise<T> {
  for (let draw = 1; ; draw += 1) {
    try {
      return await start();
    } catch (error) {
      if (draw === DRAWS || !TAKEN.test((error as Error).message)) throw error;
      await remove(error as Error);
    }
  }
}
