// The kernelspec inside .venv: how Jupyter finds and starts the kernel.

import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kernelspec, root, venvPython } from './paths.mjs';
import { digest, isDone, markDone } from './stamp.mjs';

const logos = join(root, 'kernels', 'jupyter', 'logo');

const spec = () => ({
  argv: [
    process.execPath,
    join(root, 'dist', 'kernels', 'jupyter', 'launcher.js'),
    '--connection-file',
    '{connection_file}',
  ],
  display_name: 'DetLab (TypeScript)',
  language: 'typescript',
  interrupt_mode: 'message',
  kernel_protocol_version: '5.4',
  metadata: { debugger: false },
});

const wanted = () =>
  digest(
    [JSON.stringify(spec())],
    readdirSync(logos).map((name) => `kernels/jupyter/logo/${name}`),
  );

export const kernelspecReady = () =>
  !existsSync(venvPython) || (existsSync(join(kernelspec, 'kernel.json')) && isDone('kernelspec', wanted()));

export function installKernelspec(log) {
  if (kernelspecReady()) return;
  log('telling Jupyter in .venv about the DetLab kernel');
  mkdirSync(kernelspec, { recursive: true });
  for (const name of readdirSync(logos)) copyFileSync(join(logos, name), join(kernelspec, name));
  const path = join(kernelspec, 'kernel.json');
  writeFileSync(`${path}.${process.pid}`, `${JSON.stringify(spec(), null, 2)}\n`);
  renameSync(`${path}.${process.pid}`, path);
  markDone('kernelspec', wanted());
}
