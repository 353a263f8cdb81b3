// DINO on TensorFlow.js's own engine: the reference's numbers, and words for images with fewer positions than queries.

import { beforeAll } from 'vitest';
import { startEngine } from '../../../src/engine';
import { testFewPositions, testModels } from '../../models/detectors/check-detr-family';

beforeAll(async () => void (await startEngine({ engine: 'wasm' })));

testModels('dino');
testFewPositions('dino');
