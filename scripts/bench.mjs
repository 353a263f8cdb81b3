// `npm run bench`: compares DetLab with Python torch on this machine, which should be idle otherwise.
//   npm run bench                          everything, about half an hour on 2 cores
//   npm run bench -- --only fwdbwd         the cases whose name or model/mode contains this
//   npm run bench -- --bccd --seeds 0      the README's recipe on the BCCD photographs
//   npm run bench -- --kernel              compares the Jupyter kernel with tslab's
//   npm run bench -- --evaluation          COCO evaluation of boxes and masks, and hotcoco with --hotcoco PYTHON
//   npm run bench -- --peers               inference beside ONNX Runtime, OpenVINO, torch.compile and MMDetection
//   npm run bench -- --pipeline            YOLOX's training pipeline beside MMDetection's, with --mmdet PYTHON
//   npm run bench -- --pixels              pixel operators beside cv2's, with --cv2 PYTHON
//   npm run bench -- --growth              time and memory against batch, size, classes, detections and records
//   npm run bench -- --lvis                LVIS's evaluation, and hotcoco's LVIS mode with --hotcoco PYTHON
//   npm run bench -- --scale               annotation files of COCO's and Objects365's size, with --mmdet PYTHON
//   npm run bench -- --ranks               two processes of one thread beside one of two
//   npm run bench -- --errors              kinds of error beside our evaluation, and tidecv with --tidecv PYTHON

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './setup/paths.mjs';
import { main, setup } from './setup.mjs';

await main(async () => {
  await setup();
  const script =
    ['bccd', 'kernel', 'evaluation', 'errors', 'peers', 'pipeline', 'pixels', 'growth', 'scale', 'lvis', 'ranks'].find(
      (name) => process.argv.includes(`--${name}`),
    ) ?? 'main';
  const args = [join(root, 'dist', 'bench', `${script}.js`), ...process.argv.slice(2)];
  // random weights do for times
  const env = { DETLAB_OFFLINE: '1', ...process.env };
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env });
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
});
