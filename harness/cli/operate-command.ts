import { closeSync, existsSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { EnvironmentError } from '../lab/environment-error.ts';
import { OPERATE_SOCKET, operateSocketPath } from '../run/operate-path.ts';
import type { OperateAnswer, OperateRequest } from '../run/operate-socket.ts';
import { BadUsageError } from './bad-usage-error.ts';

/** An operator's hand: does something in a run that is going on, and says what was read back. */
export function operateCommand(): Command {
  return new Command('operate')
    .description('do something in a run that is going on, as an operator would')
    .argument('<run-dir>', 'folder of the run')
    .argument('<action>', 'as `zonestorm actions` lists them')
    .argument('[words...]', "the action's words, such as zone=use1-a")
    .action(async (folder: string, action: string, words: string[]) => {
      const said = await ask(folder, { action, words });
      if ('badInput' in said) throw new BadUsageError(said.badInput);
      const { id, description, isDone, readBack } = said.performed;
      if (!isDone) {
        throw new EnvironmentError(`${id} was not done: ${readBack}`, 'It stands so in the history of the run.');
      }
      process.stdout.write(`${id}: ${description}\n${readBack}\n`);
    });
}

/** @throws BadUsageError where no run is going on; EnvironmentError where one has ended without its end. */
async function ask(folder: string, request: OperateRequest): Promise<OperateAnswer> {
  if (!existsSync(join(folder, 'plan.json'))) throw new BadUsageError(`${folder}: expected the folder of a run`);
  if (!existsSync(join(folder, OPERATE_SOCKET))) {
    throw new BadUsageError(`no phase of the run in ${folder} is going on: it has ended, or is still starting`);
  }
  const handle = openSync(folder, 'r');
  const socket = connect(operateSocketPath(handle));
  try {
    return await new Promise<OperateAnswer>((resolve, reject) => {
      socket.on('error', (error: NodeJS.ErrnoException) => reject(asReason(error, folder)));
      socket.on('close', () => reject(ended(folder)));
      createInterface({ input: socket })
        .on('line', (line) => {
          const answer = answerOf(line);
          if (answer !== null) resolve(answer);
        })
        .on('error', () => undefined);
      socket.write(`${JSON.stringify(request)}\n`);
    });
  } finally {
    socket.destroy();
    closeSync(handle);
  }
}

/** `null`: a line that was cut off as the run ended, which is told by its end. */
function answerOf(line: string): OperateAnswer | null {
  try {
    return JSON.parse(line) as OperateAnswer;
  } catch {
    return null;
  }
}

const ended = (folder: string): Error =>
  new EnvironmentError(
    `the run in ${folder} ended before it answered`,
    'Its history says how far the action had come.',
  );

function asReason(error: NodeJS.ErrnoException, folder: string): Error {
  if (error.code !== 'ECONNREFUSED') return error;
  return new EnvironmentError(
    `the process of the run in ${folder} is gone: nobody listens at its ${OPERATE_SOCKET}`,
    '`zonestorm clean` removes what it left.',
  );
}
