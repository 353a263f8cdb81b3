// `detlab config print FILE...`: prints configs with their base configs merged.

import path from 'node:path';
import { printDict } from '../../config';
import { DetLabError } from '../../errors';
import { CommandFailure, EXIT } from '../outcome';
import { type ConfigArguments, loadChecked, loadSettings } from './arguments';

export interface PrintArguments extends ConfigArguments {
  py?: boolean;
  ts?: boolean;
}

/** Prints every file that can be read; the exit code is 0 if all could. */
export function printCommand(files: readonly string[], options: PrintArguments): number {
  if ([options.json, options.py, options.ts].filter(Boolean).length > 1)
    throw new CommandFailure(
      EXIT.usage,
      new DetLabError('Cannot print in several formats: expected one of --json, --py and --ts'),
    );
  const settings = loadSettings(options);
  let failed = 0;
  for (const file of files) {
    try {
      const loaded = loadChecked(file, settings);
      const format = options.json ? 'json' : options.py ? 'py' : options.ts ? 'ts' : formatOf(loaded.file);
      const text = printDict(loaded.dict, format);
      for (const notice of loaded.notices) process.stderr.write(`${notice}\n`);
      if (options.json) process.stdout.write(`{"file": ${JSON.stringify(file)}, "config": ${text}}\n`);
      else
        process.stdout.write(
          `${files.length > 1 ? `${format === 'py' ? '#' : '//'} ${file}\n` : ''}${text.trimEnd()}\n`,
        );
    } catch (error) {
      if (!(error instanceof DetLabError)) throw error;
      failed++;
      if (options.json) process.stdout.write(`${JSON.stringify({ file, error: error.message })}\n`);
      else process.stderr.write(`${error.message}\n`);
    }
  }
  return failed ? EXIT.usage : EXIT.ok;
}

/** The format of a config file itself. */
function formatOf(file: string): 'json' | 'py' | 'ts' {
  const extension = path.extname(file);
  return extension === '.py' ? 'py' : extension === '.json' ? 'json' : 'ts';
}
