// Event files byte for byte as TensorBoard's own writer makes them; what it reads of a run is in lab/vis-backends.slow.test.ts.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { crc32c } from '../../../src/training/record/crc32c';
import { EventFile } from '../../../src/training/record/event-file';
import { workDirs } from '../work-dirs';

const freshDir = workDirs();

test('CRC-32C has the check value of its catalogue', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array())).toBe(0);
});

/** By tensorboard 2.20.0: RecordWriter().write(event_pb2.Event(wall_time=1.5, ...).SerializeToString()). */
const GOLDEN = {
  version: '1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c',
  scalars:
    '300000000000000095f5d05f09000000000000f83f100c2a230a0b0a046c6f7373150000803e0a140a0d636f636f2f62626f785f6d4150150000003f3f02ca9b',
  restart: '0f000000000000006d532b0909000000000000f83f100d3a020801ec200030',
  image:
    '6600000000000000723b876a09000000000000f83f10282a590a570a0776616c5f696d67224c080210031803224489504e470d0a1a0a0000000d49484452000000030000000208020000001216f14d0000000b49444154789c6360c00400001400017dfe1eee0000000049454e44ae426082bc53cc2b',
  text: '3f000000000000005165766109000000000000f83f10032a320a300a13636f6e6669672f746578745f73756d6d617279420f0807120412020801420561203d20314a080a060a0474657874889ba93f',
};

/** 3 by 2 black pixels. */
const PNG = Buffer.from(
  '89504e470d0a1a0a0000000d49484452000000030000000208020000001216f14d0000000b49444154789c6360c00400001400017dfe1eee0000000049454e44ae426082',
  'hex',
);

test('records are those of TensorBoard', () => {
  const file = `${freshDir()}.events`;
  const events = new EventFile(file, () => 1.5);
  events.scalars({ loss: 0.25, 'coco/bbox_mAP': 0.5 }, 12);
  events.restart(13);
  events.image('val_img', PNG, 40);
  events.text('config/text_summary', 'a = 1', 3);
  expect(readFileSync(file).toString('hex')).toBe(Object.values(GOLDEN).join(''));
});
