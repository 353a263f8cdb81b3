// `detlab describe NAME` and `detlab modules [KIND]`: what a config can name, from the catalogue.

import { describe, type ModuleDescription } from '../catalogue/describe';
import { listModules } from '../catalogue/module-catalogue';
import { catalogue } from '../lab/catalogue';
import { EXIT, output, phase } from './outcome';

interface Arguments {
  json?: boolean;
}

/** Characters of a line: those of the terminal; enough for a table where there is none. */
const width = (): number => process.stdout.columns ?? 120;

export async function describeCommand(names: readonly string[], options: Arguments): Promise<number> {
  const out = output(options.json === true);
  const found: ModuleDescription[] = [];
  for (const name of names) found.push(await phase(EXIT.usage, () => describe(name, catalogue)));
  for (const description of found) out.event('module', description.toJSON());
  out.print(found.map((description) => description.toText(width())).join('\n\n'));
  return EXIT.ok;
}

export async function modulesCommand(kind: string | undefined, options: Arguments): Promise<number> {
  const out = output(options.json === true);
  const list = await phase(EXIT.usage, () => listModules(catalogue, kind));
  for (const entry of list.modules) out.event('module', { ...entry });
  out.print(list.toText(width()));
  return EXIT.ok;
}
