// Replaces `{{ fileBasenameNoExtension }}` and similar variables about the file inside strings, as mmengine does.

import path from 'node:path';
import { didYouMean } from '../errors';
import { errorAt, type Place } from './source';

const VARIABLES: Record<string, (file: string) => string> = {
  fileDirname: (file) => path.dirname(file).replaceAll('\\', '/'),
  fileBasename: (file) => path.basename(file),
  fileBasenameNoExtension: (file) => path.basename(file, path.extname(file)),
  fileExtname: (file) => path.extname(file),
};

/**
 * `text` with every `{{ variable }}` replaced.
 * @throws DetLabError for a variable that does not exist.
 */
export function fillFileVariables(text: string, place: Place): string {
  if (!text.includes('{{')) return text;
  return text.replace(/\{\{\s*([\w.]{1,200})\s*\}\}/g, (_, name: string) => {
    const variable = Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined;
    if (variable) return variable(place.source.path);
    if (name.startsWith('_base_.'))
      throw errorAt(
        place,
        `"{{${name}}}" is only for Python configs. Write import base from './the-base' and base.${name.slice(7)}`,
      );
    throw errorAt(place, `unknown variable "${name}".${didYouMean(name, Object.keys(VARIABLES))}`);
  });
}
