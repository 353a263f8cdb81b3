// SSDAnchorGenerator against MMDetection's (prior_generators.safetensors).

import { testAnchors } from './cases';

testAnchors('ssd300');
