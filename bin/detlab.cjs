#!/usr/bin/env node
// The `detlab` command: hands over to the compiled command line.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const main = join(__dirname, '..', 'dist', 'src', 'cli', 'main.js');
if (!existsSync(main)) {
  console.error('detlab is not compiled yet: run `npm run setup` in its folder first');
  process.exit(2);
}
const { holdYoungGeneration, releaseYoungGeneration } = require(
  join(__dirname, '..', 'dist', 'src', 'engine', 'young-generation.js'),
);
holdYoungGeneration();
const program = require(main);
releaseYoungGeneration();
program.main(process.argv);
