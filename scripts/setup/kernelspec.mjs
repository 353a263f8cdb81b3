// The kernelspec in .venv, with which Jupyter finds and starts the kernel: the same as that of
// `detlab kernel install --prefix .venv`.

import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { kernelspec, root, venvPython } from './paths.mjs';
import { digest, isDone, markDone } from './stamp.mjs';

const inputs = () =>
  digest(
    [process.execPath, root],
    [
      'kernels/jupyter/kernelspec.json',
      ...readdirSync(join(root, 'kernels', 'jupyter', 'logo')).map((name) => `kernels/jupyter/logo/${name}`),
    ],
  );

export const kernelspecReady = () =>
  !existsSync(venvPython) || (existsSync(join(kernelspec, 'kernel.json')) && isDone('kernelspec', inputs()));

export function installKernelspec(log) {
  if (kernelspecReady()) return;
  log('registering the DetLab kernel with the Jupyter of .venv');
  const require = createRequire(import.meta.url);
  const install = require(join(root, 'dist', 'src', 'cli', 'kernel', 'install.js'));
  install.installKernelspec(dirname(kernelspec), { force: true });
  markDone('kernelspec', inputs());
}
