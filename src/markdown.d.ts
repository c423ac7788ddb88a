// Markdown is imported as its text: by the bundler (src/dev/runtime.ts, wrangler.toml) and the tests (test/vitest.config.ts).

declare module '*.md' {
  const text: string;
  export default text;
}
