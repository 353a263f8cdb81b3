// Every one-stage head against MMDetection's.

import { beforeAll } from 'vitest';
import { startEngine } from '../../src/engine';
import { describeHead, HEADS } from './dense-heads/check-head';

beforeAll(async () => void (await startEngine()));

for (const name of HEADS) describeHead(name);

describeHead('ref_head_yolox_l1', { prepare: (head) => head.onEpoch!({ epoch: 0, closing: true }) });
