// A cell that is run again takes no more memory: what its variables referred to before is freed. Slow: it trains ten times.

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KernelClient } from '../../../../kernels/jupyter/client';
import { startKernel } from '../kernels';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await startKernel();
});
afterAll(() => kernel?.stop());

const CELL = `
const model = await Model.load('model.safetensors');
const run = await recipe.fit(town, { epochs: 1, seed: 1, workDir: false, log: () => {} });
const seen = await run.model.predict({ data: new Uint8Array(64 * 64 * 3), width: 64, height: 64, order: 'rgb' });`;

it('ten runs of a cell that loads, trains and predicts take at most 1.2 times the memory of two', async () => {
  const execute = async (code: string) => {
    const { error, result } = await kernel.execute(code, {}, 120_000);
    expect(error?.traceback.join('\n')).toBeUndefined();
    return result;
  };
  const megabytes = async () => {
    const result = await execute(
      '[engine().memory().bytesInUse, process.memoryUsage().rss].map((n) => Math.round(n / 2 ** 20)).join()',
    );
    return (result as string).slice(1, -1).split(',').map(Number);
  };
  await execute(
    `import { engine, Model } from 'detlab';
     const town = (await dataset.toytown({ images: 2, seed: 3 })).split('train');
     const recipe = detector('faster-rcnn_r18_fpn_toytown').classes(town.classes);
     const first = await recipe.fit(town, { epochs: 1, seed: 1, workDir: false, log: () => {} });
     first.model.save('model.safetensors');
     free(first);`,
  );
  let ofTwo: number[] = [];
  for (let i = 1; i <= 10; i++) {
    await execute(CELL);
    if (i === 2) ofTwo = await megabytes();
  }
  const ofTen = await megabytes();
  console.log(`MB of the engine and of the process after two runs: ${ofTwo}, after ten: ${ofTen}`);
  for (const [i, of] of ofTen.entries()) expect(of).toBeLessThanOrEqual(1.2 * ofTwo[i]);
  expect(await execute('String(await memory())')).toMatch(/run +model +faster-rcnn_r18_fpn_toytown: FasterRCNN/);
}, 600_000);
