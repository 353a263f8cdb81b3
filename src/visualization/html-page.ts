// A whole HTML page around the HTML of a display: for files that are opened without a notebook, light and dark.

import { escapeHtml } from './escape';

/** @param body trusted HTML, as displays give it; the title is escaped */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark; }
body { font: 14px/1.45 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; margin: 24px auto; max-width: 1200px; padding: 0 16px; }
</style>
</head>
<body>
${body}
</body>
</html>
`;
}
