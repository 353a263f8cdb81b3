// Writes src/lab/config-table/model-sizes.json: height and width of the test images, parameters and multiply-adds of every
// built-in config that the file lacks, or of those named: `node scripts/config-sizes.mjs [NAME...]`; and the table of
// configs/README.md, which `biome check --write configs` aligns. Needs a build of dist/.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './setup/paths.mjs';

const require = createRequire(import.meta.url);
const compiled = (file) => require(join(root, 'dist', 'src', file));
const { detector, modules, startEngine } = compiled('index.js');
const { listConfigs } = compiled('config/index.js');
const { buildModel, resolveClasses } = compiled('lab/build-model.js');
const { detectorFlops } = compiled('lab/flops.js');
const { inputSize } = compiled('lab/summary.js');

const target = join(root, 'src', 'lab', 'config-table', 'model-sizes.json');

async function sizesOf(name) {
  const { config } = detector(name);
  if (!config.model) return undefined;
  const spec = { name, config, freezing: [] };
  const model = await buildModel(spec, resolveClasses(spec), undefined);
  const input = inputSize(config);
  try {
    return [...input, model.parameterCount(), detectorFlops(model, input)];
  } finally {
    model.dispose();
  }
}

const known = JSON.parse(readFileSync(target, 'utf8'));
const names = [...listConfigs().keys()];
const asked = process.argv.slice(2);
await startEngine();
for (const name of asked.length > 0 ? asked : names.filter((one) => !known[one])) {
  const sizes = await sizesOf(name);
  if (!sizes) continue;
  known[name] = sizes;
  console.log(name, ...sizes);
}
const rows = names
  .filter((name) => known[name])
  .sort()
  .map((name) => `  ${JSON.stringify(name)}: ${JSON.stringify(known[name]).replaceAll(',', ', ')}`);
writeFileSync(target, `{\n${rows.join(',\n')}\n}\n`);

const readme = join(root, 'configs', 'README.md');
const text = readFileSync(readme, 'utf8');
writeFileSync(readme, `${text.slice(0, text.indexOf('**'))}${modules('family').toMarkdown()}\n`);
