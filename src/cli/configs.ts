// `detlab configs [WORD...]`: the config names that `detector` and the other commands accept, by algorithm.

import path from 'node:path';
import { configRoot, listConfigs } from '../config';
import { DetLabError } from '../errors';
import { wrapped } from '../visualization/wrapped-table';
import { CommandFailure, EXIT, output } from './outcome';

interface Arguments {
  json?: boolean;
}

/** @param words all of which a name must contain */
export function configsCommand(words: readonly string[], options: Arguments): number {
  const out = output(options.json === true);
  const root = configRoot();
  const all = [...listConfigs([root])].flatMap(([name, files]) => files.map((file) => ({ name, file })));
  const matches = all.filter(({ file }) =>
    words.every((word) => path.relative(root, file).toLowerCase().includes(word.toLowerCase())),
  );
  if (matches.length === 0)
    throw new CommandFailure(
      EXIT.usage,
      new DetLabError(
        `Cannot find a config: no name contains ${words.join(' and ')}. \`detlab configs\` lists all ${all.length}`,
      ),
    );
  for (const { name, file } of matches) out.event('config', { name, file });
  const folders = new Map<string, typeof matches>();
  for (const config of matches) {
    const folder = path.dirname(path.relative(root, config.file));
    folders.set(folder, [...(folders.get(folder) ?? []), config]);
  }
  const blocks = [...folders].map(([folder, configs]) => {
    const names = configs.map(({ name }) => `  ${name}`);
    return [`${folder} (${configs.length})`, ...names].join('\n');
  });
  const next = `${matches.length} of ${all.length} configs. detlab summary NAME summarises a model, detlab train NAME trains it, detlab config print NAME prints the config`;
  out.print([...blocks, wrapped(next, process.stdout.columns ?? 120).join('\n')].join('\n\n'));
  return EXIT.ok;
}
