// The frames of the stack as it is now.

/** Frames innermost first, `limit` at most; none when the user has replaced what makes them. */
export function stackFrames(limit: number): string[] {
  const makers: { stackTraceLimit?: number; prepareStackTrace?: unknown } = Error;
  const { stackTraceLimit, prepareStackTrace } = makers;
  try {
    makers.stackTraceLimit = limit;
    makers.prepareStackTrace = undefined;
    return String(new Error().stack).split('\n').slice(1);
  } catch {
    return [];
  } finally {
    Object.assign(makers, { stackTraceLimit, prepareStackTrace });
  }
}
