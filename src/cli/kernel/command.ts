// `detlab kernel install | uninstall | doctor`: makes Jupyter know the kernel, forget it, and says why it does not start.

import { type Command, Option } from 'commander';
import { type Finding, reportFindings } from '../finding';
import { EXIT, output, phase } from '../outcome';
import { installKernelspec, uninstallKernelspec } from './install';
import { kernelFindings } from './jupyter-findings';
import { kernelsFolder, type Place } from './places';

interface Options extends Place {
  json?: boolean;
  force?: boolean;
}

async function install(options: Options): Promise<number> {
  const out = output(options.json === true);
  const { folder, changed } = await phase(EXIT.failed, () => installKernelspec(kernelsFolder(options), options));
  out.event('installed', { folder, changed });
  out.print(
    `${changed ? 'The kernel is installed in' : 'The kernel was installed already in'} ${folder}\n\`npx detlab kernel doctor\` looks whether Jupyter can start it.`,
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
  npx detlab kernel install --sys-prefix     for the active Python environment, else the project's .venv
  npx detlab kernel install --prefix /usr/local
  npx detlab kernel doctor                   what keeps Jupyter from starting it`;

const places = (command: Command): Command =>
  command
    .addOption(new Option('--user', "in the user's Jupyter folder (default)").conflicts(['sysPrefix', 'prefix']))
    .addOption(
      new Option('--sys-prefix', "in the active Python environment, else in the project's .venv").conflicts('prefix'),
    )
    .option('--prefix <folder>', 'in FOLDER/share/jupyter/kernels');

/**
 * Adds the commands.
 *
 * @param command makes a subcommand with what all of DetLab's commands have
 * @param engine what the doctor looks at before the kernel itself
 */
export function addKernelCommands(
  root: Command,
  command: (parent: Command, usage: string, description: string) => Command,
  engine: () => Promise<Finding[]>,
  done: (code: number) => void,
): void {
  const kernel = root.command('kernel').description('The TypeScript kernel in Jupyter').addHelpText('after', EXAMPLES);
  places(command(kernel, 'install', 'Make the kernel known to Jupyter'))
    .option('--force', 'replace a kernel of the same name that is not DetLab')
    .action(async (options) => done(await install(options)));
  places(command(kernel, 'uninstall', 'Take the kernel away from Jupyter')).action(async (options) =>
    done(await uninstall(options)),
  );
  command(kernel, 'doctor', 'Say what keeps Jupyter from starting the kernel, and start it once').action(
    async (options) => done(await doctor(options, engine)),
  );
}
