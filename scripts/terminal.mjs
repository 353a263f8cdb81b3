// What the scripts print: lines, and below them a status that says what is being done. On a terminal it is one line that is
// drawn over every second; elsewhere it is printed when nothing else was for some seconds, so that no log is silent.

const SILENCE_MS = 4000;
const TICK_MS = 500;

const terminal = () => process.stdout.isTTY === true;
let printed = Date.now();
let drawn = false;

/** Prints a line above the status. */
export function printLine(text, stream = process.stdout) {
  if (drawn) process.stdout.write('\r\x1b[K');
  drawn = false;
  printed = Date.now();
  stream.write(`${text}\n`);
}

function showStatus(text) {
  if (!text) return;
  if (terminal()) {
    process.stdout.write(`\r\x1b[K${text.slice(0, (process.stdout.columns ?? 80) - 1)}`);
    drawn = true;
  } else if (Date.now() - printed >= SILENCE_MS) printLine(text);
}

/**
 * Shows a status while `work` runs, and its result.
 *
 * @param describe what is being done now; empty where there is nothing to say
 * @param work called with a function that shows the status at once
 */
export async function withStatus(describe, work) {
  const show = () => showStatus(describe());
  printed = Date.now();
  const timer = setInterval(show, TICK_MS);
  try {
    return await work(terminal() ? show : () => {});
  } finally {
    clearInterval(timer);
    if (drawn) process.stdout.write('\r\x1b[K');
    drawn = false;
  }
}

/** Whole seconds since a time, in milliseconds. */
export const secondsSince = (from) => `${((Date.now() - from) / 1000).toFixed(0)} s`;
