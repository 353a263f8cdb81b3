// Interactive HTML without a server: static HTML that is right by itself, data as JSON, and the scripts of `browser/` that bring
// it to life. One fragment works in JupyterLab, in exported notebooks and in saved pages; where scripts are not run (GitHub, a
// notebook that is not trusted) the static HTML remains.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type typescript from 'typescript';

/** A file of `src/visualization/browser/`. */
export type BrowserScript = string;

export interface Interactive {
  /** What is shown before, or instead of, the script: trusted HTML, with all texts escaped. */
  body: string;
  /** Handed to the entry function; JSON values only. */
  data: unknown;
  /** Scripts by file name without extension, in the order of their dependencies. */
  scripts: readonly BrowserScript[];
  /** The global function of the scripts that is called with (root: HTMLElement, data). */
  entry: string;
}

const sources = new Map<BrowserScript, string>();
const functions = new Map<string, unknown>();

/**
 * JavaScript of a browser script: compiled by the build, or from its source where that has not run (tests). Without indentation,
 * as every output of a notebook has it: a text of several lines must not need its own.
 */
function scriptSource(name: BrowserScript): string {
  const known = sources.get(name);
  if (known !== undefined) return known;
  const file = path.join(__dirname, 'browser', name);
  const text = existsSync(`${file}.js`) ? readFileSync(`${file}.js`, 'utf8') : transpiled(`${file}.ts`);
  // a module without imports and exports may end in `export {};`
  const script = text
    .replace(/^export \{\};\s*$/m, '')
    .replace(/^"use strict";\s*/, '')
    .replace(/^[ \t]+/gm, '');
  sources.set(name, script);
  return script;
}

/** TypeScript is loaded only where the build has not run. */
function transpiled(file: string): string {
  const ts: typeof typescript = createRequire(__filename)('typescript');
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, removeComments: true };
  return ts.transpileModule(readFileSync(file, 'utf8'), { compilerOptions }).outputText;
}

/**
 * A pure function of a browser script, for what Node and the page must do alike. `T` is the type that the script declares.
 *
 * @example browserFunction<(text: string) => string>('box-drawing', 'liveEscape')('<b>')
 */
export function browserFunction<T>(script: BrowserScript, name: string): T {
  const known = functions.get(`${script} ${name}`);
  const made = known ?? new Function(`"use strict";\n${scriptSource(script)}\nreturn ${name};`)();
  functions.set(`${script} ${name}`, made);
  return made as T;
}

/** JSON that can stand inside a script element: no tag can end or begin in it. */
export const inlineJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * HTML of an interactive display: `entry(root, data)` is called with the element around `body` once it is in a page.
 *
 * @example interactiveHtml({ body: '<p>3 boxes</p>', data: { boxes: [] }, scripts: ['gallery'], entry: 'showGallery' })
 */
export function interactiveHtml({ body, data, scripts, entry }: Interactive): string {
  const code = scripts.map(scriptSource).join('\n').replaceAll('</', '<\\/');
  return `<div class="detlab">${body}
<script type="application/json">${inlineJson(data)}</script>
<script>(() => {
"use strict";
const root = document.currentScript.parentElement;
const data = JSON.parse(root.querySelector(':scope > script[type="application/json"]').textContent);
${code}
${entry}(root, data);
})();</script></div>`;
}
