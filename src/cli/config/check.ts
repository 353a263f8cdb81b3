// `detlab config check FILE...`: checks type names and options of configs.

import { findConfigProblems } from '../../catalogue/check-config';
import { type OptionProblem, problemLine } from '../../catalogue/option-problems';
import { loadConfig, migrateConfig } from '../../config';
import { DetLabError } from '../../errors';
import { catalogue } from '../../lab/catalogue';
import { EXIT, output } from '../outcome';
import { type ConfigArguments, loadSettings } from './arguments';

/** Checks every file; the exit code is 0 if all are valid. */
export function checkCommand(files: readonly string[], options: ConfigArguments): number {
  const out = output(options.json === true);
  const settings = loadSettings(options);
  let valid = 0;
  for (const file of files) {
    try {
      const { config, notices } = loadConfig(file, settings);
      for (const notice of notices) process.stderr.write(`${notice}\n`);
      const { dialect, config: translated, left } = migrateConfig(config);
      if (dialect !== '3.x')
        process.stderr.write(`${file}: a config of MMDetection ${dialect}, translated to 3.x for the check\n`);
      const problems = [
        ...left.map(({ path, advice }): OptionProblem => ({ path, message: `not translated: ${advice}` })),
        ...findConfigProblems(translated, catalogue),
      ];
      if (problems.length === 0) valid++;
      out.event('checked', { file, problems });
      out.print(report(file, problems));
    } catch (error) {
      if (!(error instanceof DetLabError)) throw error;
      out.event('checked', { file, error: error.message });
      out.print(`${file}: cannot be read\n  ${error.message.replaceAll('\n', '\n  ')}`);
    }
  }
  if (files.length > 1) out.print(`${valid} of ${files.length} configs are valid`);
  return valid === files.length ? EXIT.ok : EXIT.usage;
}

function report(file: string, problems: readonly OptionProblem[]): string {
  if (problems.length === 0) return `${file}: all type names and options are valid`;
  const unknown = problems.filter((problem) => problem.unknown);
  const invalid = problems.filter((problem) => !problem.unknown);
  return [
    `${file}:`,
    ...section(unknown, 'unknown type name', 'unknown type names'),
    ...section(invalid, 'invalid option', 'invalid options'),
  ].join('\n');
}

function section(problems: readonly OptionProblem[], singular: string, plural: string): string[] {
  if (problems.length === 0) return [];
  return [
    `  ${problems.length} ${problems.length === 1 ? singular : plural}`,
    ...problems.map((problem) => `    ${problemLine(problem)}`),
  ];
}
