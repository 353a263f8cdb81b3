// `detlab dist-train` before it starts anything: what is wrong is one line.

import { createServer } from 'node:net';
import { expect, test } from 'vitest';
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
