// Soft Teacher and its base against MMDetection's.

import { beforeAll, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { checkSemiDetector } from './check-semi-detector';

beforeAll(async () => void (await startEngine()));

test.each(['soft', 'nothing', 'base'])('%s: as MMDetection', (name) => checkSemiDetector(name));
