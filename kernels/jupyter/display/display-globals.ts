// TypeScript declarations of the display functions that are globals of cells, for the cell compiler.

export const DISPLAY_GLOBALS = `
interface DisplayHandle {
  readonly id: string;
  /** Shows another value in its place: at most ten times a second, the last one always. */
  update(value: unknown): DisplayHandle;
}
/** A value that shows itself: html\`...\`, markdown\`...\`, latex\`...\`, svg\`...\`. */
interface RichDisplay {
  readonly data: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
  toString(): string;
}
interface DisplayFunction {
  /**
   * Shows a value now: tensors, canvases, images, Vega-Lite specifications, tables of objects, anything.
   * The handle updates it later. With an \`id\`, the same cell replaces what it shows under that id.
   */
  (value: unknown, options?: { id?: string }): DisplayHandle;
  /** HTML. As a template, its values are escaped: display.html\`<b>\${name}</b>\` */
  html(strings: TemplateStringsArray | string, ...values: unknown[]): DisplayHandle;
  /** Markdown. As a template, its values are escaped. */
  markdown(strings: TemplateStringsArray | string, ...values: unknown[]): DisplayHandle;
  /** LaTeX, with its dollar signs. As a template, its values are escaped. */
  latex(strings: TemplateStringsArray | string, ...values: unknown[]): DisplayHandle;
  /** An SVG, and a PNG of it for front ends that do not show untrusted SVG. */
  svg(strings: TemplateStringsArray | string, ...values: unknown[]): DisplayHandle;
  /** Text as it is. */
  text(text: string): DisplayHandle;
  /** JSON: JupyterLab shows a tree. */
  json(value: unknown): DisplayHandle;
  png(bytes: Uint8Array): DisplayHandle;
  jpeg(bytes: Uint8Array): DisplayHandle;
  /** An image file, or its bytes: PNG, JPEG, GIF, WebP or SVG. */
  image(image: Uint8Array | string | URL): DisplayHandle;
  /** A Vega-Lite specification: a live chart where the front end draws one, a PNG elsewhere. */
  vegalite(spec: object): DisplayHandle;
  /** Content by MIME type, with metadata by MIME type: { 'image/png': { width: 300 } } */
  raw(bundle: Record<string, unknown>, metadata?: Record<string, unknown>): DisplayHandle;
  /** Clears what the cell shows: now, or, with \`wait\`, when the next output is shown. */
  clear(options?: { wait?: boolean }): void;
}
/** Shows values in the notebook. */
declare const display: DisplayFunction;
/** HTML as a value, its interpolations escaped: html\`<b>\${name}</b>\` */
declare function html(strings: TemplateStringsArray | string, ...values: unknown[]): RichDisplay;
/** Markdown as a value, its interpolations escaped. */
declare function markdown(strings: TemplateStringsArray | string, ...values: unknown[]): RichDisplay;
/** LaTeX as a value, its interpolations escaped: latex\`$\\\\alpha = \${a}$\` */
declare function latex(strings: TemplateStringsArray | string, ...values: unknown[]): RichDisplay;
/** An SVG as a value, its interpolations escaped. */
declare function svg(strings: TemplateStringsArray | string, ...values: unknown[]): RichDisplay;
`;
