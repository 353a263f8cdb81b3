// `detlab setup`: installs and builds what is missing, by the scripts of the package.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { packageRoot, places } from '../paths';
import { EXIT } from './outcome';

/** Runs the set-up of a checkout, or that of an installed package's torch engine, and resolves to its exit code. */
export function setupCommand(): Promise<number> {
  const script = places.isCheckout ? 'setup.mjs' : 'setup-engine.mjs';
  const child = spawn(process.execPath, [path.join(packageRoot, 'scripts', script)], { stdio: 'inherit' });
  return new Promise((resolve) => {
    child.once('error', () => resolve(EXIT.failed));
    child.once('close', (code, signal) => resolve(signal ? EXIT.interrupted : (code ?? EXIT.failed)));
  });
}
