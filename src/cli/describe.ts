// `detlab describe NAME` and `detlab modules [KIND]`: the modules of the catalogue.

import { describe, type ModuleDescription } from '../catalogue/describe';
import { listModules } from '../catalogue/module-catalogue';
import { catalogue } from '../lab/catalogue';
import { isFamilyKind, listFamilies } from '../lab/config-table/list-families';
import { EXIT, output, phase } from './outcome';

interface Arguments {
  json?: boolean;
}

/** Line width in characters: the terminal's, if there is one. */
const width = (): number => process.stdout.columns ?? 120;

export async function describeCommand(names: readonly string[], options: Arguments): Promise<number> {
  const out = output(options.json === true);
  const descriptions: ModuleDescription[] = [];
  for (const name of names) descriptions.push(await phase(EXIT.usage, () => describe(name, catalogue)));
  for (const description of descriptions) out.event('module', description.toJSON());
  out.print(descriptions.map((description) => description.toText(width())).join('\n\n'));
  return EXIT.ok;
}

export async function modulesCommand(kind: string | undefined, options: Arguments): Promise<number> {
  const out = output(options.json === true);
  if (isFamilyKind(kind)) {
    const table = listFamilies(catalogue);
    for (const family of table.families) out.event('family', { ...family });
    out.print(String(table));
    return EXIT.ok;
  }
  const list = await phase(EXIT.usage, () => listModules(catalogue, kind));
  for (const entry of list.modules) out.event('module', { ...entry });
  out.print(list.toText(width()));
  return EXIT.ok;
}
