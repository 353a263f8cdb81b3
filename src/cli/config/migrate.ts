// `detlab config migrate OLD.py -o NEW.ts`: translates a config of MMDetection 1.x or 2.x, base configs merged, to 3.x.

import { existsSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findConfigProblems } from '../../catalogue/check-config';
import { type OptionProblem, problemLine } from '../../catalogue/option-problems';
import {
  type ConfigObject,
  loadConfig,
  type MigratedConfig,
  migrateConfig,
  pairsAsTuples,
  printConfig,
  printDict,
} from '../../config';
import { DetLabError } from '../../errors';
import { catalogue } from '../../lab/catalogue';
import { EXIT, output } from '../outcome';
import { type ConfigArguments, loadSettings } from './arguments';
import { configPhase } from './phase';

export interface MigrateArguments extends ConfigArguments {
  output?: string;
}

export function migrateCommand(file: string, options: MigrateArguments): number {
  const out = output(options.json === true);
  const target = options.output;
  const { migrated, files, notices } = configPhase(() => {
    const loaded = loadConfig(file, loadSettings(options));
    if (target !== undefined) checkTarget(target, loaded.files);
    return { ...loaded, migrated: migrateConfig(loaded.config) };
  });
  for (const notice of notices) process.stderr.write(`${notice}\n`);
  const text = textOf(migrated.config, target === undefined ? '.ts' : path.extname(target));
  const problems = findConfigProblems(migrated.config, catalogue);
  for (const change of migrated.changes) out.event('change', { ...change });
  for (const left of migrated.left) out.event('left', { ...left });
  for (const problem of problems) out.event('problem', { ...problem });
  const summary = report(file, files.length, migrated, problems);
  if (target === undefined) {
    out.event('config', { config: migrated.config });
    out.print(text.trimEnd());
    if (!out.json) process.stderr.write(`${summary}\n`);
  } else {
    writeFileSync(target, text);
    out.event('written', { file: target });
    out.print(`${summary}\nwritten: ${target}`);
  }
  return EXIT.ok;
}

/** @throws DetLabError for a target that cannot be written, before the translation starts */
function checkTarget(target: string, sources: readonly string[]): void {
  if (!['.ts', '.json', '.py'].includes(path.extname(target)))
    throw new DetLabError(`Cannot write ${target}: expected the extension .ts, .json or .py`);
  if (sources.includes(path.resolve(target)))
    throw new DetLabError(`Cannot write ${target}: it is part of the config being translated. Give another file`);
  const folder = path.dirname(path.resolve(target));
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new DetLabError(`Cannot write ${target}: folder ${folder} does not exist. Create it first`);
}

function textOf(config: ConfigObject, extension: string): string {
  if (extension === '.py') return printDict(pairsAsTuples(config), 'py');
  return printConfig(config, extension === '.json' ? 'json' : 'ts');
}

function report(
  file: string,
  count: number,
  { dialect, changes, left }: MigratedConfig,
  problems: OptionProblem[],
): string {
  const lines =
    dialect !== '3.x'
      ? [`${file}: MMDetection ${dialect} -> 3.x`]
      : [`${file} is a config of MMDetection 3.x${changes.length > 0 ? ' with older names:' : ''}`];
  lines.push(...changes.map(({ from, to }) => `  ${from} -> ${to}`));
  if (count > 1) lines.push(`  ${count} files -> one file without _base_, base configs merged`);
  if (left.length > 0)
    lines.push('Not translated, to be changed by hand:', ...left.map((one) => `  ${one.path}: ${one.advice}`));
  if (problems.length > 0)
    lines.push('Unknown type names and invalid options:', ...problems.map((problem) => `  ${problemLine(problem)}`));
  return lines.join('\n');
}
