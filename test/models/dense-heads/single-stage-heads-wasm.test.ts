// The one-stage heads on the engine that differentiates by tfjs's tape: what needs no gradient must be kept off it.

import { beforeAll, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { checkHead, HEADS } from './check-head';

beforeAll(async () => void (await startEngine({ engine: 'wasm' })));

test.each(HEADS)('%s', (name) => checkHead(name));
