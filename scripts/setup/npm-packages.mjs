// node_modules, as package-lock.json specifies.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lastLine, run } from './command.mjs';
import { root } from './paths.mjs';
import { digest, isDone, markDone } from './stamp.mjs';

const inputs = () => digest([process.version, process.platform, process.arch], ['package.json', 'package-lock.json']);

export const npmPackagesReady = () =>
  existsSync(join(root, 'node_modules', 'typescript')) && isDone('npm-packages', inputs());

export async function installNpmPackages(log) {
  if (npmPackagesReady()) return;
  log('installing the npm packages (about a minute)');
  const npm = process.env.npm_execpath;
  const isScript = npm && /\.[cm]?js$/.test(npm);
  // onnxruntime-node's script would fetch CUDA's libraries, which no test needs, from another registry
  const env = { ONNXRUNTIME_NODE_INSTALL: 'skip', ...process.env };
  const install = (...how) => {
    const args = [...how, '--no-audit', '--no-fund', '--loglevel=error'];
    return run(isScript ? process.execPath : 'npm', isScript ? [npm, ...args] : args, { show: true, env });
  };
  // exactly the lock file's versions or, if package.json has changed since, versions that both allow
  let { code, output } = await install('ci');
  if (code !== 0 && code !== 127) ({ code, output } = await install('install', '--no-save'));
  if (code === 127) throw new Error('npm is missing: nothing can be installed. Install npm (it comes with Node.js)');
  if (code !== 0) {
    throw new Error(
      `npm could not install the packages: nothing can run. Check the network and the registry (npm config get registry), then try again. npm's last line: ${lastLine(output)}`,
    );
  }
  markDone('npm-packages', inputs());
}
