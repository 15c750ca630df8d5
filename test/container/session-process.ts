import { startSession } from '../../harness/lab/session.ts';

/** A process with a session and nothing else, until it is killed: prints the session's labels, or why there is none. */
const [image = ''] = process.argv.slice(2);
setInterval(() => undefined, 60_000);

try {
  console.log(JSON.stringify({ labels: await startSession(image) }));
} catch (error) {
  const { name, message, remedy } = error as Error & { remedy?: string };
  console.log(JSON.stringify({ failed: { name, message, remedy } }));
}
