// `detlab config check FILE...`: is all there that a config names, and is every option right?

import { findConfigProblems } from '../../catalogue/check-config';
import { type OptionProblem, problemLine } from '../../catalogue/option-problems';
import { loadConfig, migrateConfig } from '../../config';
import { DetLabError } from '../../errors';
import { catalogue } from '../../lab/catalogue';
import { EXIT, output } from '../outcome';
import { type ConfigArguments, loadSettings } from './arguments';

/** Checks every file; the exit code tells whether all are right. */
export function checkCommand(files: readonly string[], options: ConfigArguments): number {
  const out = output(options.json === true);
  const settings = loadSettings(options);
  let right = 0;
  for (const file of files) {
    try {
      const { config, notices } = loadConfig(file, settings);
      for (const notice of notices) process.stderr.write(`${notice}\n`);
      const { dialect, config: translated, left } = migrateConfig(config);
      if (dialect !== '3.x')
        process.stderr.write(`${file}: written for MMDetection ${dialect}, checked in the words of 3.x\n`);
      const problems = [
        ...left.map(({ path, advice }): OptionProblem => ({ path, message: `not translated: ${advice}` })),
        ...findConfigProblems(translated, catalogue),
      ];
      if (problems.length === 0) right++;
      out.event('checked', { file, problems });
      out.print(told(file, problems));
    } catch (error) {
      if (!(error instanceof DetLabError)) throw error;
      out.event('checked', { file, error: error.message });
      out.print(`${file}: cannot be read\n  ${error.message.replaceAll('\n', '\n  ')}`);
    }
  }
  if (files.length > 1) out.print(`${right} of ${files.length} are right`);
  return right === files.length ? EXIT.ok : EXIT.usage;
}

function told(file: string, problems: readonly OptionProblem[]): string {
  if (problems.length === 0) return `${file}: all it names is there, and every option is right`;
  const unknown = problems.filter((problem) => problem.unknown);
  const wrong = problems.filter((problem) => !problem.unknown);
  return [
    `${file}:`,
    ...part(unknown, 'type name is not there', 'type names are not there'),
    ...part(wrong, 'thing is wrong', 'things are wrong'),
  ].join('\n');
}

function part(problems: readonly OptionProblem[], one: string, more: string): string[] {
  if (problems.length === 0) return [];
  return [
    `  ${problems.length} ${problems.length === 1 ? one : more}`,
    ...problems.map((problem) => `    ${problemLine(problem)}`),
  ];
}
