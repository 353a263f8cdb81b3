// `detlab doctor`: is everything here that DetLab works with, and what to do where it is not.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEngine } from '../engine';
import { packageRoot } from '../paths';
import { tableText } from '../visualization/table';
import { EXIT, output } from './outcome';

interface Finding {
  name: string;
  ok: boolean;
  /** False: something narrower works without it. */
  needed: boolean;
  detail: string;
}

const SETUP = 'run `npm run setup`';

function python(): Finding[] {
  const file = path.join(packageRoot, '.venv', 'bin', 'python');
  const script =
    'import sys\nprint(sys.version.split()[0])\ntry:\n import torch\n print(torch.__version__)\nexcept ImportError: print("")';
  const { stdout, status } = spawnSync(file, ['-c', script], { encoding: 'utf8', timeout: 60_000 });
  const [version = '', torch = ''] = status === 0 ? stdout.trim().split('\n') : [];
  return [
    { name: 'Python', ok: version !== '', needed: false, detail: version || `no ${file}: ${SETUP}` },
    { name: 'torch', ok: torch !== '', needed: false, detail: torch || `not installed in .venv: ${SETUP}` },
  ];
}

function kernelspec(): Finding {
  const folder = path.join(packageRoot, '.venv', 'share', 'jupyter', 'kernels');
  const found = existsSync(folder) ? readdirSync(folder).filter((name) => /detlab/i.test(name)) : [];
  const ok = found.length > 0;
  return {
    name: 'Jupyter kernel',
    ok,
    needed: false,
    detail: ok ? path.join(folder, found[0]) : `not registered: ${SETUP}`,
  };
}

async function engineFinding(): Promise<Finding> {
  try {
    const engine = await startEngine();
    const fast = engine.name !== 'wasm';
    return {
      name: 'engine',
      ok: true,
      needed: true,
      detail: `${engine.description}${fast ? '' : ` (slow; for libtorch ${SETUP})`}`,
    };
  } catch (error) {
    return { name: 'engine', ok: false, needed: true, detail: `${(error as Error).message.split('\n')[0]}: ${SETUP}` };
  }
}

export async function doctorCommand(options: { json?: boolean }): Promise<number> {
  const out = output(options.json === true);
  const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`;
  const findings: Finding[] = [
    { name: 'Node.js', ok: Number(process.versions.node.split('.')[0]) >= 20, needed: true, detail: process.version },
    ...python(),
    await engineFinding(),
    kernelspec(),
    {
      name: 'memory',
      ok: os.freemem() > 2 ** 30,
      needed: false,
      detail: `${gigabytes(os.freemem())} free of ${gigabytes(os.totalmem())}`,
    },
    {
      name: 'processors',
      ok: true,
      needed: false,
      detail: `${os.availableParallelism()} × ${os.cpus()[0]?.model.trim() ?? 'unknown'}`,
    },
  ];
  for (const { name, ok, needed, detail } of findings) out.event('finding', { name, ok, needed, detail });
  out.print(
    tableText({
      columns: [{ title: '' }, { title: 'part' }, { title: 'found' }],
      rows: findings.map(({ name, ok, needed, detail }) => [ok ? 'ok' : needed ? 'MISSING' : 'absent', name, detail]),
    }),
  );
  return findings.some((f) => f.needed && !f.ok) ? EXIT.failed : EXIT.ok;
}
