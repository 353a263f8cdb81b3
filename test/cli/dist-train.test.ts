// `detlab dist-train` before it starts anything: what is wrong is one line.

import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { meetingOf } from '../../src/cli/dist-train';
import { detlab } from './detlab';

test('a port in use is a line with its holder, a free port and what to type', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const { code, err } = await detlab('dist-train', 'retinanet_r18_fpn_1x_coco', '2', '--port', String(port));
  server.close();
  expect(code).toBe(2);
  expect(err.trim().split('\n')).toHaveLength(1);
  const holder = `port ${port} is in use by process ${process.pid}`;
  expect(err).toMatch(
    new RegExp(
      `^Cannot start the processes: ${holder} \\(.*\\); (\\d+) is free\\. Type: detlab dist-train .* --port \\1`,
    ),
  );
});

test('several machines need the address of the first', async () => {
  const { code, err } = await detlab('dist-train', 'retinanet_r18_fpn_1x_coco', '2', '--nnodes', '2');
  expect(code).toBe(2);
  expect(err).toMatch(/expected --master-addr, the address of the first of 2 machines, and --node-rank on each/);
});

test('--launcher without a launcher says how to start', async () => {
  const { code, err } = await detlab('train', 'retinanet_r18_fpn_1x_coco', '--launcher', 'slurm', '--local_rank', '0');
  expect(code).toBe(2);
  expect(err).toMatch(/SLURM_PROCID is not set/);
});

test('torchrun opens a port only for an address that is named', () => {
  const { flags, env } = meetingOf('runs/x', { port: 29511 });
  expect(flags.join(' ')).toBe('--rdzv-backend c10d --rdzv-endpoint runs/x/rendezvous --rdzv-conf store_type=file');
  expect(env.TORCH_DISABLE_SHARE_RDZV_TCP_STORE).toBe('1');
  const second = meetingOf('runs/x', { port: 29511, masterAddr: '10.0.0.1', nnodes: 2, nodeRank: 1 });
  expect(second.flags.join(' ')).toBe('--nnodes 2 --node-rank 1 --master-addr 10.0.0.1 --master-port 29511');
  expect(second.notice).toBeUndefined();
  expect(meetingOf('runs/x', { masterAddr: '10.0.0.1', nnodes: 2 }).notice).toMatch(
    /^port 29500 is open on all addresses of this machine until the run ends/,
  );
});
