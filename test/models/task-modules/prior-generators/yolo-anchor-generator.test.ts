// YOLOAnchorGenerator against MMDetection's (prior_generators.safetensors).

import { testAnchors } from './cases';

testAnchors('yolov3');
