// Tests of the page on the running product; `cargo xtask test` starts it and names it in the environment.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/product/*.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 60_000,
    // What is waited for is done by a server that shares its processors with a build.
    expect: { poll: { timeout: 30_000, interval: 200 } },
    fileParallelism: false,
  },
})
