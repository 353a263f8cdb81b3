// `detlab config check FILE...`: checks type names and options of configs, and lists the settings that nothing acts on.

import path from 'node:path';
import { findConfigProblems } from '../../catalogue/check-config';
import { type ConfigNotice, noticeLine } from '../../catalogue/config-notices';
import { type OptionProblem, problemLine } from '../../catalogue/option-problems';
import { findUnitSettings } from '../../catalogue/related-settings';
import { type ConfigObject, loadConfig, migrateConfig } from '../../config';
import { DetLabError } from '../../errors';
import { catalogue } from '../../lab/catalogue';
import { settingNotices } from '../../lab/check-run';
import { loadCustomImports } from '../../lab/custom-imports';
import { checkLoaded } from '../../lab/legacy-config';
import { withModelFiles } from '../../lab/model-files';
import { EXIT, output } from '../outcome';
import { type ConfigArguments, loadSettings } from './arguments';

/** Checks every file; the exit code is 0 if a run does all that each says. */
export async function checkCommand(files: readonly string[], options: ConfigArguments): Promise<number> {
  const out = output(options.json === true);
  const settings = loadSettings(options);
  let valid = 0;
  for (const file of files) {
    try {
      const loaded = loadConfig(file, settings);
      for (const notice of loaded.notices) process.stderr.write(`${notice}\n`);
      const { dialect, config: written, left, changes } = migrateConfig(loaded.config);
      for (const { notice } of changes) if (notice) process.stderr.write(`${file}: ${notice}\n`);
      const folders = loaded.files.map((one) => path.dirname(one));
      const config = withModelFiles(written, folders);
      if (dialect !== '3.x')
        process.stderr.write(`${file}: a config of MMDetection ${dialect}, translated to 3.x for the check\n`);
      await loadCustomImports(
        config,
        folders,
        // those that are not loaded are among the settings
        (line) => line.includes(': running ') && process.stderr.write(`${line}\n`),
      );
      const unread = checkLoaded(file, loaded, settings);
      const problems = [
        ...left.map(({ path, advice }): OptionProblem => ({ path, message: `not translated: ${advice}` })),
        ...unread.problems,
        ...findConfigProblems(config, catalogue),
      ];
      const notices = [...unread.notices, ...settingNotices(config), ...findUnitSettings(config)];
      const fragment = fragmentText(config);
      if (problems.length === 0 && fragment === undefined && !notices.some(({ lost }) => lost)) valid++;
      out.event('checked', { file, problems, notices, fragment: fragment !== undefined });
      out.print([report(file, problems, notices), ...(fragment === undefined ? [] : [fragment])].join('\n'));
    } catch (error) {
      if (!(error instanceof DetLabError)) throw error;
      out.event('checked', { file, error: error.message });
      out.print(`${file}: cannot be read\n  ${error.message.replaceAll('\n', '\n  ')}`);
    }
  }
  if (files.length > 1) out.print(`${valid} of ${files.length} configs are valid`);
  return valid === files.length ? EXIT.ok : EXIT.usage;
}

/** What a config is that no run can use by itself; undefined for one that trains, or only evaluates. */
function fragmentText(config: ConfigObject): string | undefined {
  if (config.model === undefined)
    return '  without a model: a fragment, which other configs can inherit from and no run can use';
  const runs = ['optim_wrapper', 'val_dataloader', 'test_dataloader'].some((part) => config[part] !== undefined);
  return runs
    ? undefined
    : '  without optimizer (optim_wrapper) and data: a fragment, which other configs can inherit from; it only predicts';
}

function report(file: string, problems: readonly OptionProblem[], notices: readonly ConfigNotice[]): string {
  const without = notices.filter(({ lost }) => !lost).map(noticeLine);
  const notes = section(without, 'setting without effect', 'settings without effect');
  const lost = notices.filter((notice) => notice.lost);
  if (problems.length === 0 && lost.length === 0)
    return [`${file}: all type names and options are valid`, ...notes].join('\n');
  const lacking = problems.filter(({ unknown }) => unknown?.origin !== undefined);
  const unknown = problems.filter((problem) => problem.unknown && !lacking.includes(problem));
  const unavailable = problems.filter((problem) => problem.lacking && !problem.unknown);
  const invalid = problems.filter((problem) => !problem.unknown && !problem.lacking);
  return [
    `${file}:`,
    ...section(unknown.map(problemLine), 'unknown type name', 'unknown type names'),
    ...section(lacking.map(problemLine), 'type that DetLab does not have', 'types that DetLab does not have'),
    ...section(unavailable.map(problemLine), 'option that DetLab does not have', 'options that DetLab does not have'),
    ...section(invalid.map(problemLine), 'invalid option', 'invalid options'),
    ...section(lost.map(noticeLine), 'setting that a run does not act on', 'settings that a run does not act on'),
    ...notes,
  ].join('\n');
}

function section(lines: readonly string[], singular: string, plural: string): string[] {
  if (lines.length === 0) return [];
  return [`  ${lines.length} ${lines.length === 1 ? singular : plural}`, ...lines.map((line) => `    ${line}`)];
}
