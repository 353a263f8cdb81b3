// `node -r ./test/typescript-require.cjs file.ts`: runs the sources as they are, for the processes and threads that tests
// start. What was compiled is kept in node_modules/.cache, by the digest of its source.

const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { SourceMap } = require('node:module');
const { join } = require('node:path');
const { threadId } = require('node:worker_threads');

const root = join(__dirname, '..');
const cache = join(root, 'node_modules', '.cache', 'typescript-require');
const salt = readFileSync(join(root, 'node_modules', 'typescript', 'package.json')) + readFileSync(__filename, 'utf8');

function compile(file, source) {
  const ts = require('typescript');
  const { outputText, sourceMapText } = ts.transpileModule(source, {
    fileName: file,
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
      removeComments: true,
      sourceMap: true,
    },
  });
  return onTheirLines(outputText, new SourceMap(JSON.parse(sourceMapText)));
}

/** The code with its statements on their lines of the source, so that stacks say where an error is. */
function onTheirLines(code, map) {
  const texts = code.split('\n');
  // from the end: what is written before its place, as `exports.name = name`, does not move what follows it
  const places = new Array(texts.length);
  let next = Infinity;
  for (let i = texts.length - 1; i >= 0; i--) {
    const { generatedLine, originalLine } = map.findEntry(i, texts[i].length);
    if (generatedLine === i) next = Math.min(next, originalLine);
    places[i] = next;
  }
  if (next === Infinity) return code; // of types only
  const lines = [''];
  for (const [i, text] of texts.entries()) {
    const column = text.search(/\S/);
    const { generatedLine, generatedColumn } = map.findEntry(i, column);
    const starts = generatedLine === i && generatedColumn === column; // not within a template
    if (starts || places[i] === places[0]) {
      while (lines.length <= places[i]) lines.push('');
      lines[lines.length - 1] += ` ${text.trimStart()}`;
    } else lines.push(text);
  }
  return lines.join('\n');
}

function compiled(file) {
  const source = readFileSync(file, 'utf8');
  const kept = join(cache, `${createHash('sha1').update(salt).update(source).digest('hex')}.js`);
  try {
    return readFileSync(kept, 'utf8');
  } catch {
    const text = compile(file, source);
    const partial = `${kept}.${process.pid}.${threadId}`;
    mkdirSync(cache, { recursive: true });
    writeFileSync(partial, text);
    renameSync(partial, kept);
    return text;
  }
}

require.extensions['.ts'] = (module, file) => module._compile(compiled(file), file);
