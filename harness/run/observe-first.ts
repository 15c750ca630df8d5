import { constants, getPriority, setPriority } from 'node:os';

/**
 * Gives this process's main thread the CPU before everything that it observes, until disposed: at the instant of a fault
 * two dozen programs want it at once, and a request that is sent late, or a record that is taken late, is a lie about
 * them. It needs little of the CPU. Without the permission (root or CAP_SYS_NICE) it waits its turn as before.
 */
export function observeFirst(): Disposable {
  const before = getPriority();
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST);
  } catch {
    // EACCES. Its lag is measured in any case, and a run in which it was late is inconclusive.
  }
  return { [Symbol.dispose]: () => setPriority(before) };
}
