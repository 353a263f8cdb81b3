// `detlab dist-train` by torchrun of .venv, from start to end, and when a rank is killed.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { packageRoot } from '../../src/paths';
import { childrenOf } from '../lab/ranks/child-processes';

const folder = mkdtempSync(join(tmpdir(), 'detlab-dist-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const options = {
  'model.backbone.base_channels': 8,
  'model.neck.in_channels': [8, 16, 32, 64],
  'model.neck.out_channels': 16,
  'model.bbox_head.in_channels': 16,
  'model.bbox_head.feat_channels': 16,
  'model.bbox_head.stacked_convs': 1,
  'train_dataloader.dataset.pipeline.2.scale': [64, 64],
  'val_dataloader.dataset.pipeline.1.scale': [64, 64],
};
const assignments = [
  'model.backbone.init_cfg=None',
  ...Object.entries(options).map(([key, value]) => `${key}=${JSON.stringify(value)}`),
];

/** Two processes; `onText` is called with what they have written so far. */
async function distTrain(
  workDir: string,
  epochs: number,
  onText: (text: string, pid: number) => void = () => {},
  more: readonly string[] = [],
) {
  const args = ['dist-train', 'retinanet_r18_fpn_1x_coco', '2', '--data', 'toytown:images=24', '--batch', '2'];
  args.push(
    '--epochs',
    String(epochs),
    '--checkpoint-every',
    '1',
    '--work-dir',
    workDir,
    '--cfg-options',
    ...assignments,
    ...more,
  );
  const env = { ...process.env, TMPDIR: folder };
  const script = ['-r', join(__dirname, '../typescript-require.cjs'), join(__dirname, 'run.cjs')];
  const child = spawn(process.execPath, [...script, ...args], { env });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      onText(said, child.pid!);
    });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said };
}

const isPossible = existsSync(join(packageRoot, '.venv', 'bin', 'python'));

test.runIf(isPossible)('trains, writes once, and leaves no store behind', { timeout: 200_000 }, async () => {
  const workDir = join(folder, 'run');
  const { code, said } = await distTrain(workDir, 1);
  expect(code, said).toBe(0);
  const log = readFileSync(join(workDir, 'train.log'), 'utf8');
  expect(log).toMatch(/2 processes with a batch of 2 each: 4 images an iteration/);
  expect(log.match(/Epoch\(val\)/g)).toHaveLength(1);
  expect(said.match(/Epoch\(val\)/g)).toHaveLength(1);
  expect(readdirSync(folder).filter((name) => name.startsWith('detlab-ranks-'))).toEqual([]);
});

test.runIf(isPossible)('a killed rank ends the others, by name', { timeout: 200_000 }, async () => {
  const workDir = join(folder, 'killed');
  let killed = 0;
  const { code, said } = await distTrain(workDir, 50, (_, pid) => {
    if (killed || !existsSync(join(workDir, 'checkpoints', 'last_checkpoint'))) return;
    const [torchrun] = childrenOf(pid);
    // rank 1 is not the one that writes
    const ranks = childrenOf(torchrun);
    const rank1 = ranks.find((rank) => /(^|\0)RANK=1\0/.test(readFileSync(`/proc/${rank}/environ`, 'utf8')));
    if (rank1 === undefined) return;
    killed = rank1;
    process.kill(rank1, 'SIGKILL');
  });
  expect(killed, said).toBeGreaterThan(0);
  expect(code).not.toBe(0);
  expect(said).toMatch(/rank 1 has ended without a word/);
  expect(said).toContain(`process ${killed}, rank 1, was ended by signal 9`);
  expect(said).not.toContain('Traceback');
  expect(existsSync(join(workDir, 'checkpoints', 'last_checkpoint'))).toBe(true);
});

test.runIf(isPossible)(
  'what is wrong with a config is said once, without a traceback',
  { timeout: 200_000 },
  async () => {
    const { code, said } = await distTrain(join(folder, 'wrong'), 1, undefined, ['model.neck.num_outs=0']);
    expect(code).toBe(2);
    expect(said).not.toContain('Traceback');
    expect(said.match(/model\.neck\.num_outs/g), said).toHaveLength(1);
  },
);
