// Every one-stage head against the reference.

import { beforeAll, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { checkHead, HEADS } from './check-head';

beforeAll(async () => void (await startEngine()));

test.each(HEADS)('%s', (name) => checkHead(name));

test('ref_head_yolox_l1', () =>
  checkHead('ref_head_yolox_l1', { prepare: (head) => Object.assign(head, { useL1: true }) }));
