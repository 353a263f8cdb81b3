// `detlab config ...`: print, check, compare, explain and translate configs.

import type { Command } from 'commander';
import { cfgOptions, RepeatableOption } from '../repeatable-option';
import { checkCommand } from './check';
import { diffCommand } from './diff';
import { explainCommand } from './explain';
import { migrateCommand } from './migrate';
import { printCommand } from './print';

/** @param commandOf adds a subcommand with the options of all commands. */
export function addConfigCommands(
  root: Command,
  commandOf: (parent: Command, usage: string, description: string) => Command,
  done: (code: number) => void,
): void {
  const config = root
    .command('config')
    .description('Print, check, compare, explain and translate configs (.py, .ts, .json)');
  const command = (usage: string, description: string) =>
    commandOf(config, usage, description)
      .addOption(cfgOptions())
      .addOption(
        new RepeatableOption(
          '--config-root <package=folder>',
          'config folder of a package, for _base_ = "mmdet::..." (also DETLAB_CONFIG_ROOTS); repeatable',
        ),
      );

  command(
    'print',
    'Print configs with their base configs merged; with --json one {"file", "config"} or {"file", "error"} per line',
  )
    .argument('<files...>', 'names or paths of configs')
    .option('--py', 'as a Python config')
    .option('--ts', 'as a TypeScript config')
    .action((files, options) => done(printCommand(files, options)));

  command('check', 'Check type names and options of configs, reporting all problems at once')
    .argument('<files...>', 'names or paths of configs')
    .action(async (files, options) => done(await checkCommand(files, options)));

  command('diff', 'Compare two configs, path by path')
    .argument('<a>')
    .argument('<b>')
    .action((a, b, options) => done(diffCommand(a, b, options)));

  command('migrate', 'Translate a config of MMDetection 1.x or 2.x to 3.x, and list the changes')
    .argument('<file>')
    .option('-o, --output <file>', 'output file (.ts, .json or .py)')
    .action((file, options) => done(migrateCommand(file, options)));

  command('explain', 'Show where a value comes from: the file and line that set it, and the values it overrides')
    .argument('<file>')
    .argument('<path>', 'path of the value: model.backbone.depth')
    .action((file, path, options) => done(explainCommand(file, path, options)));
}
