// `detlab compare RUN RUN...`: runs side by side from their folders, as a table, a page or JSON; with --data, whether their
// models differ by more than chance.

import { existsSync } from 'node:fs';
import picomatch from 'picomatch';
import { compareRuns } from '../lab/runs';
import { formatOf } from '../visualization/savable';
import { openData } from './data-option';
import { EXIT, output, phase } from './outcome';

export interface CompareArguments {
  out?: string;
  data?: string;
  json?: boolean;
}

export async function compareCommand(folders: string[], options: CompareArguments): Promise<number> {
  const out = output(options.json === true);
  const { data } = options;
  const formats = data === undefined ? ['html', 'png', 'svg', 'csv', 'json', 'txt'] : ['html', 'csv', 'json', 'txt'];
  // before anything that takes long
  if (options.out !== undefined) await phase(EXIT.usage, () => formatOf('the comparison', formats, options.out!));
  const list = await phase(EXIT.usage, () => compareRuns(folders));
  for (const problem of list.problems) process.stderr.write(`${problem}\n`);
  // what was asked for by name and is not there is missing from the comparison; a pattern matches what there is
  const isMissing = (folder: string) => !existsSync(folder) && !picomatch.scan(folder).isGlob;
  const code = folders.some(isMissing) ? EXIT.data : EXIT.ok;
  out.event('runs', list.json() as Record<string, unknown>);
  out.print(list.toString());
  if (data === undefined) {
    if (options.out !== undefined) out.print(`written: ${await phase(EXIT.usage, () => list.save(options.out!))}`);
    return code;
  }
  const evaluated = await phase(EXIT.data, () => openData(data, list.runs[0].record?.classes));
  const comparison = await list.evaluate(evaluated);
  out.event('comparison', comparison.json() as Record<string, unknown>);
  out.print(`\n${comparison}`);
  if (options.out !== undefined) out.print(`written: ${await phase(EXIT.usage, () => comparison.save(options.out!))}`);
  return code;
}
