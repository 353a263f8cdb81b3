// Whether Jupyter can start the kernel: which Jupyter is here, which kernelspec it would take, whether what that names is
// still there, and whether the kernel answers when it is started just so.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../paths';
import { type Finding, SETUP } from '../finding';
import { isOurs, type Kernelspec, kernelEntry, kernelName, kernelspec, readKernelspec } from './kernelspec';
import { userDataDir, venvPython } from './places';
import { probeKernel } from './probe';

const OLDEST_NODE = 20;
const INSTALL = 'run `npx detlab kernel install`';

export interface Jupyter {
  /** What a person calls it: `.venv`, or the path of the command. */
  name: string;
  /** The option of `kernel install` that puts the kernel where it looks. */
  option: string;
  /** Data folders, the first wins. */
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

/** The file of a command, as a shell would find it. */
function onPath(command: string): string | undefined {
  const names = process.platform === 'win32' ? [`${command}.exe`, `${command}.cmd`] : [command];
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const found = names.map((name) => path.join(folder, name)).find((file) => folder && existsSync(file));
    if (found) return found;
  }
  return undefined;
}

/** The project's own Jupyter and that of the shell, when it is another. */
function findJupyters(): Jupyter[] {
  const own = existsSync(venvPython) ? ask('.venv', '--sys-prefix', venvPython, ['-m', 'jupyter']) : [];
  const command = onPath('jupyter');
  if (!command || path.dirname(command) === path.dirname(venvPython)) return own;
  return [...own, ...ask(command, '--user', command, [])];
}

/** Kernelspecs of our name, in the order in which Jupyter looks; it does not tell capitals apart. */
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

/** What keeps one of our kernelspecs from starting this checkout's kernel, and what to do about it. */
function staleness(spec: Kernelspec, install: string): { detail: string; advice: string } | undefined {
  const [node, entry] = spec.argv;
  if (path.isAbsolute(node) ? !existsSync(node) : !onPath(node)) {
    return { detail: `the Node.js it names is gone: ${node}`, advice: `${install} with the Node.js you use now` };
  }
  if (real(node) !== real(process.execPath)) {
    const { stdout, status } = spawnSync(node, ['--version'], { encoding: 'utf8', timeout: 20_000 });
    const major = Number(/^v(\d+)/.exec(stdout ?? '')?.[1]);
    if (status !== 0 || !(major >= OLDEST_NODE)) {
      const found = status === 0 ? `is ${stdout.trim()}, which is too old` : 'does not run';
      return {
        detail: `the Node.js it names ${found}: ${node}`,
        advice: `${install} with Node.js ${OLDEST_NODE} or newer`,
      };
    }
  }
  const ours = real(entry).startsWith(`${real(packageRoot)}${path.sep}`);
  if (!ours) {
    const there = existsSync(entry);
    return {
      detail: `${there ? 'it starts another checkout' : 'the checkout it starts has moved or is gone'}: ${entry}`,
      advice: `${install} here to start this one`,
    };
  }
  const wanted = kernelspec();
  const differs = Object.keys(wanted).filter((key) => {
    const [is, should] = [spec[key], wanted[key]].map((value) =>
      key === 'argv' ? [real((value as string[])[1]), ...(value as string[]).slice(2)] : value,
    );
    return JSON.stringify(is) !== JSON.stringify(should);
  });
  if (differs.length) return { detail: `it is of another version (${differs.join(', ')})`, advice: `${install} again` };
  return undefined;
}

export interface Chosen {
  finding: Finding;
  /** The kernelspec to start: the one Jupyter takes, when it is ours. */
  spec?: Kernelspec;
}

/** The kernelspec a Jupyter takes. */
export function chooseKernelspec({ name, option, data }: Jupyter, label: string): Chosen {
  const finding = (ok: boolean, detail: string, advice?: string): Finding => ({
    name: label,
    ok,
    needed: true,
    detail,
    advice,
  });
  const install = `${INSTALL.slice(0, -1)} ${option}\``;
  const [first, ...behind] = candidates(data);
  if (!first) return { finding: finding(false, `not installed for the Jupyter of ${name}`, install) };
  const spec = readKernelspec(first);
  const hidden = behind.find((folder) => isOurs(readKernelspec(folder)));
  if (!isOurs(spec)) {
    const what =
      typeof spec === 'object' ? `another kernel of the name ${kernelName}: ${first}` : (spec ?? `${first} is gone`);
    const shadow = hidden ? `, which hides ${hidden}` : '';
    const again = `or \`npx detlab kernel install --force\` with the option for that place`;
    return { finding: finding(false, `${what}${shadow}`, `remove or rename ${first}, ${again}`) };
  }
  const problem = staleness(spec, install);
  if (!problem) return { finding: finding(true, first), spec };
  const fresh = hidden && !staleness(readKernelspec(hidden) as Kernelspec, install);
  const advice = fresh ? `remove ${first}: it hides ${hidden}, which is right` : problem.advice;
  return { finding: finding(false, `${first}: ${problem.detail}`, advice), spec };
}

/** Everything between Jupyter and an answering kernel. */
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
    detail: jupyters.map((jupyter) => jupyter.name).join(' and ') || 'neither .venv nor the shell has one',
    advice: `${SETUP} for JupyterLab in .venv, or install Jupyter (pip install jupyterlab)`,
  });
  // without Jupyter, where others (an editor) would look
  const places = jupyters.length ? jupyters : [{ name: 'this user', option: '--user', data: [userDataDir()] }];
  const chosen = places.map((place) =>
    chooseKernelspec(place, places.length > 1 ? `kernelspec of ${place.name}` : 'kernelspec'),
  );
  const anyOk = chosen.some(({ finding }) => finding.ok);
  for (const { finding } of chosen) findings.push({ ...finding, needed: !anyOk || finding.ok });
  if (!compiled) return findings;
  const spec = chosen.find(({ finding }) => finding.ok)?.spec ?? kernelspec();
  return [...findings, ...(await probeKernel(spec))];
}
