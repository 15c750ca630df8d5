import Docker from 'dockerode';
import { startSession } from '../../harness/lab/session.ts';

/** A process with a session and nothing else, until it is killed: prints the session's labels, or why there is none. */
const [image = '', ...security] = process.argv.slice(2);
setInterval(() => undefined, 60_000);

/** As an engine answers that has these security options, too. */
const info: () => Promise<{ SecurityOptions?: string[] }> = Docker.prototype.info;
Docker.prototype.info = async function answer(this: Docker) {
  const answered = await info.call(this);
  return { ...answered, SecurityOptions: [...(answered.SecurityOptions ?? []), ...security] };
};

try {
  console.log(JSON.stringify({ labels: await startSession(image) }));
} catch (error) {
  const { name, message, remedy } = error as Error & { remedy?: string };
  console.log(JSON.stringify({ failed: { name, message, remedy } }));
}
