// `detlab config ...`: print, check, compare, explain and translate configs.

import type { Command } from 'commander';
import { checkCommand } from './check';
import { diffCommand } from './diff';
import { explainCommand } from './explain';
import { migrateCommand } from './migrate';
import { printCommand } from './print';

/** @param commandOf adds a command with the options all commands have. */
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
      .option('--cfg-options <key=value...>', 'values laid over the config: model.neck.num_outs=5')
      .option(
        '--config-root <package=folder...>',
        'folder of the configs of a package, for _base_ = "mmdet::..." (also DETLAB_CONFIG_ROOTS)',
      );

  command(
    'print',
    'Print configs with all they inherit; with --json one {"file", "config"} or {"file", "error"} a line',
  )
    .argument('<files...>', 'names or paths of configs')
    .option('--py', 'as a Python config')
    .option('--ts', 'as a TypeScript config')
    .action((files, options) => done(printCommand(files, options)));

  command('check', 'Is all there that configs name, and is every option right? All problems at once')
    .argument('<files...>', 'names or paths of configs')
    .action((files, options) => done(checkCommand(files, options)));

  command('diff', 'What differs between two configs, path by path')
    .argument('<a>')
    .argument('<b>')
    .action((a, b, options) => done(diffCommand(a, b, options)));

  command('migrate', 'A config of MMDetection 1.x or 2.x in the words of 3.x, and what became what')
    .argument('<file>')
    .option('-o, --output <file>', 'where it goes (.ts, .json or .py)')
    .action((file, options) => done(migrateCommand(file, options)));

  command('explain', 'Where a value comes from: the file and line that set it, and what it took the place of')
    .argument('<file>')
    .argument('<path>', 'as model.backbone.depth')
    .action((file, path, options) => done(explainCommand(file, path, options)));
}
