#!/usr/bin/env node
// The `detlab` command: hands over to the compiled command line.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const main = join(__dirname, '..', 'dist', 'src', 'cli', 'main.js');
if (!existsSync(main)) {
  console.error('detlab is not compiled yet: run `npm run setup` in its folder first');
  process.exit(2);
}
const engine = join(__dirname, '..', 'dist', 'src', 'engine');
const { holdYoungGeneration, releaseYoungGeneration } = require(join(engine, 'young-generation.js'));
holdYoungGeneration();
require(join(engine, 'deferred-packages.js')).deferPackages();
const program = require(main);
releaseYoungGeneration();
program.main(process.argv);
