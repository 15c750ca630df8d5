import { z } from 'zod';

/**
 * What names a folder or a file, such as a preset or an arm: it leads nowhere else, and stands in Markdown and on a
 * command line as it is.
 */
export const FOLDER_NAME = /^(?=.{1,64}$)[A-Za-z0-9][A-Za-z0-9._+-]*$/;
export const FOLDER_NAME_WORDS = 'a name of at most 64 letters, digits, `.`, `_`, `+` and `-`, a letter or digit first';
export const folderName = z.string().regex(FOLDER_NAME, { error: FOLDER_NAME_WORDS });

/**
 * What is part of the name of a container, network or volume on the engine, which takes these characters and no others
 * (https://github.com/moby/moby/blob/v28.5.2/daemon/names/names.go). A zone's short name is what follows its last
 * hyphen, so something has to.
 */
const ENGINE_NAME = /^(?=.{1,64}$)[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*$/;
export const engineName = z.string().regex(ENGINE_NAME, {
  error:
    'a name of at most 64 letters, digits, `.`, `_` and `-`, letters or digits first and last: the engine takes no other',
});
