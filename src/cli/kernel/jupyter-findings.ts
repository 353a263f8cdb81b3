// Whether Jupyter can start the kernel: the installed Jupyters, the kernelspec each would use, whether the files that it
// names exist, and whether the kernel replies when started with it.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { packageRoot, places } from '../../paths';
import { type Finding, SETUP } from '../finding';
import { hasJupyter, userDataDir, venvPython } from './jupyter-paths';
import { isOurs, type Kernelspec, kernelEntry, kernelName, kernelspec, readKernelspec } from './kernelspec';
import { probeKernel } from './probe';

const OLDEST_NODE = 20;
const INSTALL = 'run `npx detlab kernel install`';

export interface Jupyter {
  /** `.venv`, or the path of the command. */
  name: string;
  /** The option of `kernel install` for its folder. */
  option: string;
  /** Data folders, in order of precedence. */
  data: string[];
}

function ask(name: string, option: string, program: string, args: string[]): Jupyter[] {
  const { stdout, status } = spawnSync(program, [...args, '--paths', '--json'], { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) return [];
  try {
    const { data } = JSON.parse(stdout) as { data: string[] };
    return [{ name, option, data }];
  } catch {
    return [];
  }
}

/** The file of a command on the PATH. */
function onPath(command: string): string | undefined {
  const names = process.platform === 'win32' ? [`${command}.exe`, `${command}.cmd`] : [command];
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const found = names.map((name) => path.join(folder, name)).find((file) => folder && existsSync(file));
    if (found) return found;
  }
  return undefined;
}

/** The project's Jupyter, and the shell's if it is a different one. */
function findJupyters(): Jupyter[] {
  const own = hasJupyter() ? ask('.venv', '--sys-prefix', venvPython, ['-m', 'jupyter']) : [];
  const command = onPath('jupyter');
  if (!command || path.dirname(command) === path.dirname(venvPython)) return own;
  return [...own, ...ask(command, '--user', command, [])];
}

/** Kernelspecs of our name in Jupyter's search order; names are case-insensitive. */
function candidates(data: string[]): string[] {
  return data.flatMap((folder) => {
    const kernels = path.join(folder, 'kernels');
    const names = existsSync(kernels) ? readdirSync(kernels) : [];
    return names
      .filter((name) => name.toLowerCase() === kernelName && existsSync(path.join(kernels, name, 'kernel.json')))
      .map((name) => path.join(kernels, name));
  });
}

const real = (file: string) => {
  try {
    return realpathSync(file);
  } catch {
    return path.resolve(file);
  }
};

/** Why one of our kernelspecs cannot start this checkout's kernel, and what to do about it. */
function staleness(spec: Kernelspec, install: string): { detail: string; advice: string } | undefined {
  const [node, entry] = spec.argv;
  if (path.isAbsolute(node) ? !existsSync(node) : !onPath(node)) {
    return { detail: `its Node.js no longer exists: ${node}`, advice: `${install} with your current Node.js` };
  }
  if (real(node) !== real(process.execPath)) {
    const { stdout, status } = spawnSync(node, ['--version'], { encoding: 'utf8', timeout: 20_000 });
    const major = Number(/^v(\d+)/.exec(stdout ?? '')?.[1]);
    if (status !== 0 || !(major >= OLDEST_NODE)) {
      const state = status === 0 ? `is ${stdout.trim()}, which is too old` : 'does not run';
      return {
        detail: `its Node.js ${state}: ${node}`,
        advice: `${install} with Node.js ${OLDEST_NODE} or newer`,
      };
    }
  }
  const ours = real(entry).startsWith(`${real(packageRoot)}${path.sep}`);
  if (!ours) {
    const exists = existsSync(entry);
    return {
      detail: `${exists ? 'it starts another checkout' : 'its checkout was moved or deleted'}: ${entry}`,
      advice: `${install} here to use this checkout`,
    };
  }
  const expected = kernelspec();
  const differs = Object.keys(expected).filter((key) => {
    const [actual, current] = [spec[key], expected[key]].map((value) =>
      key === 'argv' ? [real((value as string[])[1]), ...(value as string[]).slice(2)] : value,
    );
    return JSON.stringify(actual) !== JSON.stringify(current);
  });
  if (differs.length) return { detail: `it is outdated (${differs.join(', ')})`, advice: `${install} again` };
  return undefined;
}

export interface SelectedKernelspec {
  finding: Finding;
  /** The kernelspec that Jupyter uses, if it is ours. */
  spec?: Kernelspec;
}

/** The kernelspec that a Jupyter uses. */
export function selectKernelspec({ name, option, data }: Jupyter, label: string): SelectedKernelspec {
  const finding = (ok: boolean, detail: string, advice?: string): Finding => ({
    name: label,
    ok,
    needed: true,
    detail,
    advice,
  });
  const install = `${INSTALL.slice(0, -1)} ${option}\``;
  const [first, ...later] = candidates(data);
  if (!first) return { finding: finding(false, `not installed for the Jupyter of ${name}`, install) };
  const spec = readKernelspec(first);
  const hidden = later.find((folder) => isOurs(readKernelspec(folder)));
  if (!isOurs(spec)) {
    const what =
      typeof spec === 'object' ? `another kernel named ${kernelName}: ${first}` : (spec ?? `${first} no longer exists`);
    const hides = hidden ? `, which hides ${hidden}` : '';
    const reinstall = `or \`npx detlab kernel install --force\` with the option for that folder`;
    return { finding: finding(false, `${what}${hides}`, `remove or rename ${first}, ${reinstall}`) };
  }
  const problem = staleness(spec, install);
  if (!problem) return { finding: finding(true, first), spec };
  const fresh = hidden && !staleness(readKernelspec(hidden) as Kernelspec, install);
  const advice = fresh ? `remove ${first}: it hides ${hidden}, which is valid` : problem.advice;
  return { finding: finding(false, `${first}: ${problem.detail}`, advice), spec };
}

/** All prerequisites of a kernel that replies to Jupyter. */
export async function kernelFindings(): Promise<Finding[]> {
  const jupyters = findJupyters();
  const findings: Finding[] = [];
  const compiled = existsSync(kernelEntry);
  findings.push({
    name: 'compiled kernel',
    ok: compiled,
    needed: true,
    detail: compiled ? kernelEntry : `no ${kernelEntry}`,
    advice: compiled ? undefined : SETUP,
  });
  findings.push({
    name: 'Jupyter',
    ok: jupyters.length > 0,
    needed: true,
    detail:
      jupyters.map((jupyter) => jupyter.name).join(' and ') ||
      (places.isCheckout ? 'neither in .venv nor on the PATH' : 'none on the PATH'),
    advice: `${places.isCheckout ? `${SETUP} for JupyterLab in .venv, or ` : ''}install Jupyter (pip install jupyterlab)`,
  });
  // without Jupyter: the folder where others (an editor) look
  const searched = jupyters.length ? jupyters : [{ name: 'this user', option: '--user', data: [userDataDir()] }];
  const selected = searched.map((place) =>
    selectKernelspec(place, searched.length > 1 ? `kernelspec of ${place.name}` : 'kernelspec'),
  );
  const anyOk = selected.some(({ finding }) => finding.ok);
  for (const { finding } of selected) findings.push({ ...finding, needed: !anyOk || finding.ok });
  if (!compiled) return findings;
  const spec = selected.find(({ finding }) => finding.ok)?.spec ?? kernelspec();
  return [...findings, ...(await probeKernel(spec))];
}
