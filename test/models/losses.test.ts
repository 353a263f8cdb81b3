import { test } from 'vitest';
import { torchMissing } from '../../src/engine/torch';
import { lossSuite } from './losses/loss-suite';

const missing = torchMissing();
if (missing === undefined) lossSuite('torch');
else test.skip(`losses on the torch engine: ${missing}`, () => {});
