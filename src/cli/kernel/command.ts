// `detlab kernel install | uninstall | doctor`: registers the kernel with Jupyter, removes it, and diagnoses its start.

import { type Command, Option } from 'commander';
import { type Finding, reportFindings } from '../finding';
import { EXIT, output, phase } from '../outcome';
import { installKernelspec, uninstallKernelspec } from './install';
import { kernelFindings } from './jupyter-findings';
import { kernelsFolder, type Place } from './jupyter-paths';

interface Options extends Place {
  json?: boolean;
  force?: boolean;
}

async function install(options: Options): Promise<number> {
  const out = output(options.json === true);
  const { folder, changed } = await phase(EXIT.failed, () => installKernelspec(kernelsFolder(options), options));
  out.event('installed', { folder, changed });
  out.print(
    `${changed ? 'The kernel is installed in' : 'The kernel was already installed in'} ${folder}\n\`npx detlab kernel doctor\` checks whether Jupyter can start it.`,
  );
  return EXIT.ok;
}

async function uninstall(options: Options): Promise<number> {
  const out = output(options.json === true);
  const { folder, removed } = await phase(EXIT.failed, () => uninstallKernelspec(kernelsFolder(options)));
  out.event('uninstalled', { folder, removed });
  out.print(removed ? `The kernel is uninstalled from ${folder}` : `The kernel was not installed in ${folder}`);
  return EXIT.ok;
}

async function doctor(options: Options, engine: () => Promise<Finding[]>): Promise<number> {
  const out = output(options.json === true);
  return reportFindings([...(await engine()), ...(await kernelFindings())], out);
}

const EXAMPLES = `
Examples:
  npx detlab kernel install                  for this user
  npx detlab kernel install --sys-prefix     for the active Python environment, or a checkout's .venv
  npx detlab kernel install --prefix /usr/local
  npx detlab kernel doctor                   diagnose why Jupyter cannot start it`;

const places = (command: Command): Command =>
  command
    .addOption(new Option('--user', "the user's Jupyter folder (default)").conflicts(['sysPrefix', 'prefix']))
    .addOption(new Option('--sys-prefix', "the active Python environment, or a checkout's .venv").conflicts('prefix'))
    .option('--prefix <folder>', 'FOLDER/share/jupyter/kernels');

/**
 * Adds the commands.
 *
 * @param command creates a subcommand with the options of all DetLab commands
 * @param engine findings that the doctor reports before the kernel's
 */
export function addKernelCommands(
  root: Command,
  command: (parent: Command, usage: string, description: string) => Command,
  engine: () => Promise<Finding[]>,
  done: (code: number) => void,
): void {
  const kernel = root.command('kernel').description('The TypeScript kernel in Jupyter').addHelpText('after', EXAMPLES);
  places(command(kernel, 'install', 'Register the kernel with Jupyter'))
    .option('--force', "replace a kernel of the same name that is not DetLab's")
    .action(async (options) => done(await install(options)));
  places(command(kernel, 'uninstall', 'Remove the kernel from Jupyter')).action(async (options) =>
    done(await uninstall(options)),
  );
  command(kernel, 'doctor', 'Check whether Jupyter can start the kernel, and start it once').action(async (options) =>
    done(await doctor(options, engine)),
  );
}
