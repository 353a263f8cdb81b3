// `detlab configs [WORD...]`: the names that `detector` and the other commands take, by algorithm.

import path from 'node:path';
import { configRoot, listConfigs } from '../config';
import { DetLabError } from '../errors';
import { wrapped } from '../visualization/wrapped-table';
import { CommandFailure, EXIT, output } from './outcome';

interface Arguments {
  json?: boolean;
}

/** @param words that a name must have, each of them */
export function configsCommand(words: readonly string[], options: Arguments): number {
  const out = output(options.json === true);
  const root = configRoot();
  const all = [...listConfigs([root])].flatMap(([name, files]) => files.map((file) => ({ name, file })));
  const found = all.filter(({ file }) =>
    words.every((word) => path.relative(root, file).toLowerCase().includes(word.toLowerCase())),
  );
  if (found.length === 0)
    throw new CommandFailure(
      EXIT.usage,
      new DetLabError(
        `Cannot find a config with ${words.join(' and ')} in its name. \`detlab configs\` lists all ${all.length}`,
      ),
    );
  for (const { name, file } of found) out.event('config', { name, file });
  const folders = new Map<string, typeof found>();
  for (const one of found) {
    const folder = path.dirname(path.relative(root, one.file));
    folders.set(folder, [...(folders.get(folder) ?? []), one]);
  }
  const blocks = [...folders].map(([folder, configs]) => {
    const names = configs.map(({ name }) => `  ${name}`);
    return [`${folder} (${configs.length})`, ...names].join('\n');
  });
  const next = `${found.length} of ${all.length} configs. detlab summary NAME shows one, detlab train NAME trains it, detlab config print NAME prints it`;
  out.print([...blocks, wrapped(next, process.stdout.columns ?? 120).join('\n')].join('\n\n'));
  return EXIT.ok;
}
