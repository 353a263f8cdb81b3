// The one-stage heads on the engine that differentiates by tfjs's tape: what needs no gradient must be kept off it.

import { beforeAll } from 'vitest';
import { startEngine } from '../../../src/engine';
import { describeHead, HEADS } from '../../models/dense-heads/check-head';

beforeAll(async () => void (await startEngine({ engine: 'wasm' })));

for (const name of HEADS) describeHead(name);
