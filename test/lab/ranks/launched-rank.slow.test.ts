// Two "machines" train together: network namespaces with an address each, joined by a cable. Where root and `ip` are there.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MACHINES = ['detlab-a', 'detlab-b'].map((name) => `${name}-${process.pid}`);
const ADDRESSES = ['10.77.0.1', '10.77.0.2'];
const CABLE = ['dl-a', 'dl-b'].map((name) => `${name}${process.pid % 1000}`);
const folder = mkdtempSync(join(tmpdir(), 'detlab-ranks-test-'));
const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
const isPossible =
  process.getuid?.() === 0 && spawnSync('ip', ['netns', 'add', MACHINES[0]], { stdio: 'ignore' }).status === 0;

beforeAll(() => {
  if (!isPossible) return;
  ip('netns', 'add', MACHINES[1]);
  ip('link', 'add', CABLE[0], 'netns', MACHINES[0], 'type', 'veth', 'peer', 'name', CABLE[1], 'netns', MACHINES[1]);
  for (const [i, machine] of MACHINES.entries()) {
    ip('-n', machine, 'addr', 'add', `${ADDRESSES[i]}/24`, 'dev', CABLE[i]);
    for (const device of [CABLE[i], 'lo']) ip('-n', machine, 'link', 'set', device, 'up');
  }
});
afterAll(() => {
  if (isPossible) for (const machine of MACHINES) ip('netns', 'del', machine);
  rmSync(folder, { recursive: true });
});

/** Trains as the rank of a machine; what it writes to both streams. */
function train(rank: number): Promise<string> {
  const env = {
    ...process.env,
    RANK: String(rank),
    WORLD_SIZE: '2',
    LOCAL_RANK: '0',
    LOCAL_WORLD_SIZE: '1',
    MASTER_ADDR: ADDRESSES[0],
    MASTER_PORT: '29511',
    OMP_NUM_THREADS: '1',
  };
  const loader = join(__dirname, '../../typescript-require.cjs');
  const script = join(__dirname, 'launched-fit.ts');
  const args = ['netns', 'exec', MACHINES[rank], process.execPath, '-r', loader, script, folder];
  const child = spawn('ip', args, { env });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  return new Promise((resolve) => child.once('close', () => resolve(said)));
}

test.runIf(isPossible)('two machines meet at the address of the first', { timeout: 120_000 }, async () => {
  const [first, second] = await Promise.all([train(0), train(1)]);
  expect(first).toMatch(/Epoch\(train\) {2}\[2\]/);
  expect(second).not.toMatch(/Cannot|Error/);
  const weights = [0, 1].map((rank) => readFileSync(join(folder, `weights-${rank}`)));
  expect(weights[0].equals(weights[1])).toBe(true);
});
