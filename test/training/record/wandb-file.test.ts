// Files byte for byte as wandb's own messages and LevelDB's fragments make them; what wandb reads of a run is in
// lab/vis-backends.slow.test.ts.

import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readWandbRecords, WandbFile } from '../../../src/training/record/wandb-file';
import { workDirs } from '../work-dirs';

const freshDir = workDirs();

/** By wandb 0.31.0: wandb_internal_pb2.Record(...).SerializeToString(), and the fragments of datastore.py. */
const GOLDEN =
  '3a572642e1be00c463df3f1700010801aa01120a100a064465744c61621206302e37302e30d0852bbd1d0001080262190a0d636f636f2f62626f785f6d4150' +
  '320218013a04100128017e5f39370f00010803320b0a090a05612e706e6718026ecdc1f0170001080412130a0c12046c6f7373820103312e35120308ac02b3' +
  '849f0907000108059201021003';
const BLOCK = 32_768;

function written(): WandbFile {
  const log = new WandbFile(`${freshDir()}.wandb`);
  log.write({ header: { versionInfo: { producer: 'DetLab', minConsumer: '0.70.0' } } });
  const metric = { name: 'coco/bbox_mAP', options: { defined: true }, summary: { max: true, last: true } };
  log.write({ metric });
  log.write({ files: { files: [{ path: 'a.png', type: 2 }] } });
  log.write({ history: { item: [{ nestedKey: ['loss'], valueJson: '1.5' }], step: { num: 300 } } });
  log.write({ exit: { runtime: 3 } });
  return log;
}

test('records are those of wandb, also where they are longer than a block or end just before one', () => {
  const log = written();
  expect(readFileSync(log.file).toString('hex')).toBe(GOLDEN);
  const config = { update: [{ key: 'long', valueJson: 'x'.repeat(70_000) }] };
  log.write({ run: { runId: 'abc', project: 'cells', config, tags: ['a', 'b'], displayName: 'r' } });
  const left = BLOCK - (readFileSync(log.file).length % BLOCK) - 47;
  log.write({ summary: { update: [{ nestedKey: ['loss'], valueJson: 'y'.repeat(left) }] } });
  for (let runtime = 8; runtime < 14; runtime++) log.write({ exit: { runtime } });
  const bytes = readFileSync(log.file);
  expect(bytes).toHaveLength(98_374);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(
    'a9044a0622ac53b3e0b2b55aca72f9f6cfec23fe638bc2003341807f64c7ca48',
  );
  expect(readWandbRecords(log.file)).toHaveLength(13);
});

test('a file is cut at a record and goes on there; what a killed process began is left out', () => {
  const { file } = written();
  appendFileSync(file, Buffer.from('d0852bbd1d000108', 'hex'));
  expect(readWandbRecords(file)).toHaveLength(5);
  const log = new WandbFile(file);
  log.cutFrom(({ exit }) => exit !== undefined);
  log.write({ exit: { runtime: 3 } });
  expect(readFileSync(file).toString('hex')).toBe(GOLDEN);
});
