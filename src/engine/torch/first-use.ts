// The torch engine of an installed package is built when it is first used: scripts/setup-engine.mjs in a process of its own, whose
// lines go to stderr. A checkout is set up by `npm run setup` instead.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot, places, SETUP_COMMAND } from '../../paths';
import { torchMissing } from './load-native';

/** A set-up that failed after long work is tried again after a day, or when the engine is asked for by name. */
const RETRY_MS = 24 * 3_600_000;

interface Failure {
  reason: string;
  /** Whether it took long to find. */
  costly: boolean;
  at: number;
}

function lastFailure(): Failure | undefined {
  try {
    const { reason, costly, at } = JSON.parse(readFileSync(path.join(places.state(), 'engine-failure.json'), 'utf8'));
    return typeof reason === 'string' && typeof at === 'number' ? { reason, costly: costly === true, at } : undefined;
  } catch {
    return undefined;
  }
}

/** Runs the set-up to its end; its output is what the user follows. */
function runSetup(): Promise<void> {
  const script = path.join(packageRoot, 'scripts', 'setup-engine.mjs');
  const child = spawn(process.execPath, [script, '--first-use'], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => process.stderr.write(text));
  const stop = () => child.kill();
  process.once('exit', stop);
  return new Promise((resolve) => {
    const ended = () => {
      process.off('exit', stop);
      resolve();
    };
    child.once('error', ended);
    child.once('close', ended);
  });
}

/**
 * Builds the engine of an installed package where it is missing.
 *
 * @param named whether the user asked for this engine, not only for the best one
 * @returns why there is none, in one line; undefined when it can be started
 */
export async function prepareTorch(named: boolean): Promise<string | undefined> {
  const missing = torchMissing();
  if (missing === undefined || places.isCheckout || process.env.DETLAB_TORCH_MODULE) return missing;
  const before = named ? undefined : lastFailure();
  if (before?.costly && Date.now() - before.at < RETRY_MS)
    return `${before.reason} (\`${SETUP_COMMAND}\` tries again, DETLAB_ENGINE=wasm says nothing)`;
  await runSetup();
  return torchMissing() === undefined ? undefined : (lastFailure()?.reason ?? missing);
}
