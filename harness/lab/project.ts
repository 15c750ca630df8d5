import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the checkout or installed package: where `package.json`, `fixtures` and `compose` are. */
export const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
