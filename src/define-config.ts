// The typed entry of a config file. At run time it is the identity: config files are parsed, never executed.

/** A config with MMDetection's keys. */
export function defineConfig<const T extends object>(config: T): T {
  return config;
}
