// `npm run bench`: compares DetLab with its peers on this machine, which should be idle otherwise. `-- --help` lists what it
// measures; `-- --kernel --help` the options of one.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './setup/paths.mjs';
import { main, setup } from './setup.mjs';

const SCRIPTS = {
  bccd: "the README's recipe on the BCCD photographs",
  kernel: "the Jupyter kernel beside tslab's",
  evaluation: 'COCO evaluation of boxes and masks, and hotcoco with --hotcoco PYTHON',
  errors: 'kinds of error beside our evaluation, and tidecv with --tidecv PYTHON',
  peers: 'inference beside ONNX Runtime, OpenVINO, torch.compile and MMDetection',
  pipeline: "YOLOX's training pipeline beside MMDetection's, with --mmdet PYTHON",
  pixels: "pixel operators beside cv2's, with --cv2 PYTHON",
  growth: 'time and memory against batch, size, classes, detections and records',
  scale: "annotation files of COCO's and Objects365's size, with --mmdet PYTHON",
  lvis: "LVIS's evaluation, and hotcoco's LVIS mode with --hotcoco PYTHON",
  ranks: 'two processes of one thread beside one of two',
};

const USAGE = `npm run bench                   training and inference beside Python torch, about half an hour on 2 cores
npm run bench -- --only fwdbwd  the cases whose name or model/mode contains this
${Object.entries(SCRIPTS)
  .map(([name, what]) => `${`npm run bench -- --${name}`.padEnd(32)}${what}`)
  .join('\n')}
npm run bench -- --NAME --help  the options of one`;

/** The script that a switch names, and what it is given. */
function chosenScript(args) {
  const named = Object.keys(SCRIPTS).filter((name) => args.includes(`--${name}`));
  if (named.length > 1) throw new Error(`Cannot run ${named.map((name) => `--${name}`).join(' and ')} at once`);
  return { script: named[0] ?? 'main', given: args.filter((arg) => arg !== `--${named[0]}`) };
}

await main(async () => {
  const { script, given } = chosenScript(process.argv.slice(2));
  if (script === 'main' && given.includes('--help')) return console.log(USAGE);
  await setup();
  const args = [join(root, 'dist', 'bench', `${script}.js`), ...given];
  // random weights do for times
  const env = { DETLAB_OFFLINE: '1', ...process.env };
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env });
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
});
