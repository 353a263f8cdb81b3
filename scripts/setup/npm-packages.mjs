// node_modules, as package-lock.json wants them.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lastLine, run } from './command.mjs';
import { root } from './paths.mjs';
import { digest, isDone, markDone } from './stamp.mjs';

const wanted = () => digest([process.version, process.platform, process.arch], ['package.json', 'package-lock.json']);

export const npmPackagesReady = () =>
  existsSync(join(root, 'node_modules', 'typescript')) && isDone('npm-packages', wanted());

export async function installNpmPackages(log) {
  if (npmPackagesReady()) return;
  // npm writes this file at the end of an install: without it the folder is missing or half filled.
  const whole = existsSync(join(root, 'node_modules', '.package-lock.json'));
  log(whole ? 'bringing the npm packages up to date' : 'installing the npm packages (about a minute)');
  const args = [whole ? 'install' : 'ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const isScript = npm && /\.[cm]?js$/.test(npm);
  const { code, output } = await run(isScript ? process.execPath : 'npm', isScript ? [npm, ...args] : args, {
    show: true,
  });
  if (code === 127) throw new Error('npm is missing: nothing can be installed. Install npm (it comes with Node.js)');
  if (code !== 0) {
    throw new Error(
      `npm could not install the packages: nothing can run. Check the network and the registry (npm config get registry), then try again. npm's last words: ${lastLine(output)}`,
    );
  }
  markDone('npm-packages', wanted());
}
