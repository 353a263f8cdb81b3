// The nearest name to that of a file which is not there.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { didYouMean } from '../../errors';

/** ` Did you mean "street.jpg"?` for a path that is not there, or an empty string. */
export function meantFile(file: string): string {
  try {
    const folder = path.dirname(file);
    const near = didYouMean(path.basename(file), readdirSync(folder));
    return near.replace(/"(.+)"/, (_, name: string) => JSON.stringify(path.join(folder, name)));
  } catch {
    return '';
  }
}
