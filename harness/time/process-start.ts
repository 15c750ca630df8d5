import { readFileSync } from 'node:fs';

/**
 * When a process began, in clock ticks since boot: with its pid it tells one process from a later one, as pids are
 * given out again. Field 22 of /proc/PID/stat (proc(5)); `null` when there is no such process, or only what its parent
 * has not yet asked about (state Z): in a container whose first process asks about nobody, that stays for ever.
 */
export function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in brackets and may hold spaces; after it comes the state.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
