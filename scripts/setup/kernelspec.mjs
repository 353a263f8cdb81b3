// The kernelspec inside .venv: how Jupyter finds and starts the kernel. Written by the compiled command line, as
// `detlab kernel install --prefix .venv` would.

import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { kernelspec, root, venvPython } from './paths.mjs';
import { digest, isDone, markDone } from './stamp.mjs';

const wanted = () =>
  digest(
    [process.execPath, root],
    [
      'kernels/jupyter/kernelspec.json',
      ...readdirSync(join(root, 'kernels', 'jupyter', 'logo')).map((name) => `kernels/jupyter/logo/${name}`),
    ],
  );

export const kernelspecReady = () =>
  !existsSync(venvPython) || (existsSync(join(kernelspec, 'kernel.json')) && isDone('kernelspec', wanted()));

export function installKernelspec(log) {
  if (kernelspecReady()) return;
  log('telling Jupyter in .venv about the DetLab kernel');
  const require = createRequire(import.meta.url);
  const install = require(join(root, 'dist', 'src', 'cli', 'kernel', 'install.js'));
  install.installKernelspec(dirname(kernelspec), { force: true });
  markDone('kernelspec', wanted());
}
