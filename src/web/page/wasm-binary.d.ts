// Binaries as the bundler gives them: their bytes.

declare module '*.wasm' {
  const bytes: Uint8Array;
  export default bytes;
}
