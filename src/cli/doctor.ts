// `detlab doctor`: checks DetLab's dependencies on this machine, with advice for those that are missing.

import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { startEngine } from '../engine';
import { torchMissing } from '../engine/torch';
import { places } from '../paths';
import { type Finding, reportFindings, SETUP } from './finding';
import { kernelFindings } from './kernel/jupyter-findings';
import { venvPython } from './kernel/jupyter-paths';
import { output } from './outcome';

const OLDEST_NODE = 20;

function nodeFinding(): Finding {
  return {
    name: 'Node.js',
    ok: Number(process.versions.node.split('.')[0]) >= OLDEST_NODE,
    needed: true,
    detail: `${process.version} (${process.execPath})`,
    advice: `install Node.js ${OLDEST_NODE} or newer, then ${SETUP}`,
  };
}

/** What an installed package has built; doctor builds nothing. */
function packaged(): Finding[] {
  const missing = torchMissing();
  const detail = missing === undefined ? `built in ${places.buildFolder('torch')}` : missing;
  return [{ name: 'torch', ok: missing === undefined, needed: false, detail, advice: SETUP }];
}

function python(): Finding[] {
  if (!places.isCheckout) return packaged();
  const script =
    'import sys\nprint(sys.version.split()[0])\ntry:\n import torch\n print(torch.__version__)\nexcept ImportError: print("")';
  const { stdout, status } = spawnSync(venvPython, ['-c', script], { encoding: 'utf8', timeout: 60_000 });
  const [version = '', torch = ''] = status === 0 ? stdout.trim().split('\n') : [];
  const finding = (name: string, detected: string, absent: string): Finding => ({
    name,
    ok: detected !== '',
    needed: false,
    detail: detected || absent,
    advice: SETUP,
  });
  return [finding('Python', version, `no ${venvPython}`), finding('torch', torch, 'not installed in .venv')];
}

async function engineFinding(): Promise<Finding> {
  const finding = (ok: boolean, detail: string): Finding => ({
    name: 'engine',
    ok,
    needed: true,
    detail,
    advice: SETUP,
  });
  const asked = process.env.DETLAB_ENGINE;
  const missing = places.isCheckout ? undefined : torchMissing();
  if (missing !== undefined && asked === 'torch') return finding(false, missing);
  try {
    const engine = await startEngine(missing === undefined || asked ? {} : { engine: 'wasm' });
    return finding(true, `${engine.description}${engine.name === 'wasm' ? ` (slow; for libtorch ${SETUP})` : ''}`);
  } catch (error) {
    return finding(false, (error as Error).message.split('\n')[0]);
  }
}

/** The prerequisites of the kernel, which `detlab kernel doctor` checks too. */
export const engineFindings = async (): Promise<Finding[]> => [nodeFinding(), await engineFinding()];

export async function doctorCommand(options: { json?: boolean }): Promise<number> {
  const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`;
  const [node, engine] = await engineFindings();
  const findings: Finding[] = [
    node,
    ...python(),
    engine,
    // training and the command line work without Jupyter
    ...(await kernelFindings()).map((finding) => ({ ...finding, needed: false })),
    {
      name: 'memory',
      ok: os.freemem() > 2 ** 30,
      needed: false,
      detail: `${gigabytes(os.freemem())} free of ${gigabytes(os.totalmem())}`,
      advice: 'close other programs: training a detector takes 1 to 4 GB',
    },
    {
      name: 'processors',
      ok: true,
      needed: false,
      detail: `${os.availableParallelism()} × ${os.cpus()[0]?.model.trim() ?? 'unknown'}`,
    },
  ];
  return reportFindings(findings, output(options.json === true));
}
