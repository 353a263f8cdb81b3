// `npm run lab [-- arguments of jupyter lab]`: starts the JupyterLab of .venv in notebooks/, for local connections only.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root, venvPython } from './setup/paths.mjs';
import { main, setup } from './setup.mjs';

await main(async () => {
  const { jupyter } = await setup();
  if (!jupyter) throw new Error('Cannot start JupyterLab without .venv: the line above says what to install');
  const args = ['-m', 'jupyterlab', '--ip=127.0.0.1', ...process.argv.slice(2), join(root, 'notebooks')];
  const child = spawn(venvPython, args, { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
});
