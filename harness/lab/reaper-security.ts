import { type EngineInfo, hasSecurity } from './engine/require-fit-engine.ts';

/**
 * Security options of the reaper's container, which has to open the engine's socket. SELinux denies that to containers that
 * it confines, and to give the socket another label is not for a run to do. To take the reaper out is all that a privileged
 * container would have of SELinux, which is how Testcontainers starts its reaper elsewhere
 * (https://github.com/testcontainers/testcontainers-dotnet/issues/1312), and it needs no privilege.
 */
export const reaperSecurity = (engine: EngineInfo): string[] =>
  hasSecurity(engine, 'selinux') ? ['label=disable'] : [];
