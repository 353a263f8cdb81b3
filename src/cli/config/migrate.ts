// `detlab config migrate OLD.py -o NEW.ts`: a config of MMDetection 1.x or 2.x in the words of 3.x.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadConfig, migrateConfig, printConfig, printDict, toDict } from '../../config';
import { EXIT, output } from '../outcome';
import { type ConfigArguments, loadSettings } from './arguments';
import { configPhase } from './phase';

export interface MigrateArguments extends ConfigArguments {
  output?: string;
}

export function migrateCommand(file: string, options: MigrateArguments): number {
  const out = output(options.json === true);
  const { config, changes } = configPhase(() => migrateConfig(loadConfig(file, loadSettings(options)).config));
  const target = options.output;
  const extension = target === undefined ? '.ts' : path.extname(target);
  const text =
    extension === '.py' ? printDict(toDict(config), 'py') : printConfig(config, extension === '.json' ? 'json' : 'ts');
  for (const change of changes) out.event('change', { ...change });
  const told = changes.length
    ? changes.map(({ from, to }) => `${from} -> ${to}`).join('\n')
    : 'Nothing of 1.x or 2.x in it';
  if (target === undefined) {
    out.print(text.trimEnd());
    process.stderr.write(`${told}\n`);
  } else {
    writeFileSync(target, text);
    out.print(`${told}\nwritten: ${target}`);
  }
  return EXIT.ok;
}
